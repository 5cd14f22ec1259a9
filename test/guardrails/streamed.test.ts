import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { replaced } from "../../src/core/guardrail-spans.ts";
import { HeldText, type TextWatch } from "../../src/core/held-text.ts";
import type { GuardrailCheck } from "../../src/domain/guardrail.ts";
import { checkOf, output } from "./check-fixture.ts";

function watchOf({ windowChars, judge }: GuardrailCheck): TextWatch {
  return {
    windowChars: windowChars ?? 0,
    isActing: true,
    found: () => {},
    find(part) {
      const judgement = judge(output(part), { requestId: "r", signal: new AbortController().signal });
      assert.ok(!(judgement instanceof Promise));
      return judgement.kind === "found" ? (judgement.spans ?? []) : [];
    },
  };
}

/** All that is ever shown of a text that comes in pieces of this length. */
function shownOf(text: string, size: number, check: GuardrailCheck): readonly string[] {
  const held = new HeldText([watchOf(check)]);
  const steps: string[] = [];
  const show = () => steps.push(replaced(text.slice(0, held.shown), 0, held.replacements));
  for (let at = 0; at < text.length; at += size) {
    held.push(text.slice(at, at + size));
    show();
  }
  held.end();
  show();
  return steps;
}

const base64 = (length: number) => "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwgg".repeat(length).slice(0, length);
const pem = `-----BEGIN PRIVATE KEY-----\n${base64(3200).replaceAll(/.{64}/g, "$&\n")}\n-----END PRIVATE KEY-----`;
const jwt = `eyJhbGciOiJSUzI1NiJ9.${base64(1400)}.${base64(340)}`;
const around = (value: string) =>
  `Of course, here is what you asked for: ${value} and please be careful. ${"Good bye. ".repeat(60)}`;

const cases: readonly [kind: string, value: string, telling: string][] = [
  ["secrets", pem, "BEGIN"],
  ["secrets", jwt, "eyJ"],
  ["secrets", `sk-proj-${base64(140)}1aB`, "sk-proj"],
  ["personal_data", "jane.doe@example.org", "jane"],
  ["personal_data", "4111 1111 1111 1111", "4111"],
  ["personal_data", "DE89 3704 0044 0532 0130 00", "DE89"],
  ["personal_data", "+49 30 901820", "901820"],
];

describe("in a stream, character by character or in large pieces", () => {
  for (const [kind, value, telling] of cases) {
    test(`${kind} takes ${telling} out whole, and shows no part of it before`, () => {
      for (const size of [1, 7, 64, 1000]) {
        const steps = shownOf(around(value), size, checkOf(kind));
        assert.deepEqual(
          steps.filter((step) => step.includes(telling)),
          [],
        );
        assert.match(steps.at(-1) ?? "", /^Of course, here is what you asked for: \[\w+\] and please/);
      }
    });
  }
});
