import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { redactedArguments } from "../../src/core/guarded-arguments.ts";
import { replaced, replacedTexts } from "../../src/core/guardrail-spans.ts";

describe("places that are replaced", () => {
  const count = 100_000;
  const spans = Array.from({ length: count }, (_, at) => ({
    index: 0,
    start: at * 4 + 1,
    end: at * 4 + 3,
    label: "[x]",
  }));

  // What takes quadratic time of these takes minutes.
  test("take linear time, however many there are", { timeout: 20_000 }, () => {
    const text = '"ab"'.repeat(count);
    assert.equal(replacedTexts([{ text }], spans).get(0), '"[x]"'.repeat(count));
    const json = `[${Array(count).fill('"a"').join(",")}]`;
    const of = spans.map((span) => ({ ...span, start: span.start + 1, end: span.start + 2 }));
    const calls = [{ name: "f", arguments: json }];
    assert.equal(redactedArguments(calls, of).get(0), `[${Array(count).fill('"[x]"').join(",")}]`);
  });

  test("take no longer for the last piece of a text than for the first", { timeout: 20_000 }, () => {
    let text = "";
    for (let at = 0; at < count; at++) text += replaced('"ab"', at * 4, spans);
    assert.equal(text, '"[x]"'.repeat(count));
  });
});
