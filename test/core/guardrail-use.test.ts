import assert from "node:assert/strict";
import { test } from "node:test";
import { guardrailUses } from "../../src/core/guardrail-use.ts";
import { configOf } from "../config/config-fixture.ts";

test("a guardrail guards where it is named, everywhere, or nothing", () => {
  const config = configOf(`upstreams: { main: {} }
guardrails:
  named: { length: { max_chars: 9 } }
  everywhere: { length: { max_chars: 9 }, everywhere: true }
  idle: { length: { max_chars: 9 }, shadow: true }
experiments:
  tone:
    guardrails: [named]
    variants: { control: { model: a }, warm: { model: b, guardrails: [named] } }
`);
  assert.deepEqual(
    guardrailUses(config).map(({ name, isShadow, guards }) => [name, isShadow, guards]),
    [
      ["named", false, ["tone", "tone/warm"]],
      ["everywhere", false, ["everywhere"]],
      ["idle", true, []],
    ],
  );
});
