import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RetryMemory } from "../../src/core/retry-memory.ts";
import type { Assignment } from "../../src/domain/experiment.ts";

const assignment = (change: Partial<Assignment> = {}): Assignment => ({
  experimentId: "tone",
  assignedVariantId: "control",
  servedVariantId: "control",
  reason: "split",
  position: 1,
  unit: undefined,
  sessionId: undefined,
  phase: undefined,
  isExposed: true,
  ...change,
});
const key = (value: string) => ({ "idempotency-key": value });

describe("a client's own retry", () => {
  test("is known by the key that the same unit has used before", () => {
    const memory = new RetryMemory();
    assert.equal(memory.isRetry(key("k"), assignment(), "ada"), false);
    assert.equal(memory.isRetry(key("k"), assignment(), "ada"), true);
  });

  test("is not the same key of another unit, nor that of another experiment", () => {
    const memory = new RetryMemory();
    memory.isRetry(key("k"), assignment(), "ada");
    assert.equal(memory.isRetry(key("k"), assignment(), "bob"), false);
    assert.equal(memory.isRetry(key("k"), assignment({ experimentId: "other" }), "ada"), false);
  });

  test("is not what follows a first try that was not exposed", () => {
    const memory = new RetryMemory();
    memory.isRetry(key("k"), assignment({ reason: "not_exposed", isExposed: false }), "ada");
    assert.equal(memory.isRetry(key("k"), assignment(), "ada"), false);
    assert.equal(memory.isRetry(key("k"), assignment(), "ada"), true);
  });

  test("is what the SDK's header says, whatever the key", () => {
    const memory = new RetryMemory();
    assert.equal(memory.isRetry({ "x-stainless-retry-count": "1" }, undefined, undefined), true);
    assert.equal(memory.isRetry({ "x-stainless-retry-count": "0" }, assignment(), "ada"), false);
  });

  test("is remembered for at least 5000 keys, and forgotten within twice as many", () => {
    const memory = new RetryMemory();
    const use = (from: number, to: number) => {
      for (let at = from; at < to; at++) memory.isRetry(key(String(at)), assignment(), "ada");
    };
    memory.isRetry(key("old"), assignment(), "ada");
    use(0, 5000);
    assert.equal(memory.isRetry(key("old"), assignment(), "ada"), true);
    assert.equal(memory.isRetry(key("4999"), assignment(), "ada"), true);
    use(5000, 10_001);
    assert.equal(memory.isRetry(key("old"), assignment(), "ada"), false);
  });
});
