import assert from "node:assert/strict";
import { test } from "node:test";
import { redactedTexts } from "../../src/policies/redacted-texts.ts";

test("a text of megabytes is rewritten in turns, and is what it would be at once", async () => {
  const count = 100_000;
  const spans = Array.from({ length: count }, (_, at) => ({
    index: 1,
    start: at * 7,
    end: at * 7 + 6,
    label: "[email]",
  }));
  let turns = 0;
  let isDone = false;
  const tick = () => {
    turns += 1;
    if (!isDone) setImmediate(tick);
  };
  setImmediate(tick);
  const texts = await redactedTexts([{ text: "" }, { text: "a@b.co ".repeat(count) }], spans);
  isDone = true;
  assert.deepEqual([...texts], [[1, "[email] ".repeat(count)]]);
  assert.ok(turns >= 10, `${turns} turns`);
});
