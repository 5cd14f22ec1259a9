import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileRevision } from "../../src/core/revision.ts";
import type { Revision } from "../../src/domain/config.ts";
import { GuardrailSet } from "../../src/guardrails/guardrail-set.ts";
import { configOf } from "../config/config-fixture.ts";

const yaml = (guardrails: string) => `upstreams: { main: {} }
guardrails:
${guardrails}
experiments:
  tone:
    guardrails: [short]
    variants:
      control: { model: small }
      warm: { model: large, guardrails: [shorter] }
`;
const three = `  short: { length: { max_chars: 100 } }
  shorter: { length: { max_chars: 50 }, stages: [output] }
  always: { length: { max_chars: 1000 }, everywhere: true, sample: 0.25 }`;

function revisionOf(guardrails: string): Revision {
  return compileRevision(configOf(yaml(guardrails)), "ab".repeat(32), 0);
}

function setOf(revision: Revision): GuardrailSet {
  const set = new GuardrailSet({
    askFor: () => () => Promise.reject(new Error()),
    prompt: () => undefined,
    now: () => 0,
  });
  set.prepare(revision)();
  return set;
}

describe("what guards a request", () => {
  const revision = revisionOf(three);
  const set = setOf(revision);
  const names = (guarded: { experimentId?: string; variantId?: string }, requestId = "r-1") => {
    const plan = set.planOf(
      revision,
      { experimentId: undefined, variantId: undefined, ...guarded },
      requestId,
    );
    return {
      input: plan.input.map(({ config }) => config.name).filter((name) => name !== "always"),
      output: plan.output.map(({ config }) => config.name).filter((name) => name !== "always"),
    };
  };

  test("is what its experiment names, and what its variant names beside", () => {
    assert.deepEqual(names({}), { input: [], output: [] });
    assert.deepEqual(names({ experimentId: "tone", variantId: "control" }), {
      input: ["short"],
      output: ["short"],
    });
    assert.deepEqual(names({ experimentId: "tone", variantId: "warm" }), {
      input: ["short"],
      output: ["short", "shorter"],
    });
    assert.deepEqual(names({ experimentId: "tone" }), { input: ["short"], output: ["short"] });
  });

  test("is sampled by the request's id, the same in every stage", () => {
    let looked = 0;
    for (let index = 0; index < 4000; index++) {
      const plan = set.planOf(revision, { experimentId: undefined, variantId: undefined }, `r-${index}`);
      assert.equal(plan.input.length, plan.output.length);
      looked += plan.input.length;
    }
    // Four standard deviations of a binomial around 1,000.
    assert.ok(Math.abs(looked - 1000) < 110, `looked at ${looked} of 4,000`);
  });

  test("is the same object after a reload that leaves it as it was, with what it has learned", () => {
    const changed = revisionOf(three.replace("max_chars: 50 ", "max_chars: 60 "));
    const of = (one: Revision) =>
      set
        .planOf(one, { experimentId: "tone", variantId: "warm" }, "r-1")
        .output.map((guardrail) => guardrail);
    const before = of(revision);
    set.prepare(changed)();
    const after = of(changed);
    assert.equal(after[0], before[0]);
    assert.notEqual(after[1], before[1]);
  });
});
