import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bodyOf, headOf, parseHead, parseRecord, recordText } from "../../src/core/record-text.ts";
import { asKept, attempt, record } from "../stores/record-fixture.ts";

const text = fc.string({ unit: "binary", maxLength: 20 });
const maybe = fc.option(text, { nil: undefined });
const amount = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined });

test("a record's text gives back what was written, whatever its strings hold", () => {
  const change = fc.record({
    requestModel: text,
    prediction: maybe,
    responseModel: maybe,
    sessionHash: maybe,
  });
  const numbers = fc.record({ costUsd: amount, firstChunkMs: amount });
  fc.assert(
    fc.property(change, numbers, fc.array(text), (texts, values, finishReasons) => {
      const one = record({
        ...texts,
        ...values,
        finishReasons,
        attempts: [attempt({ model: texts.requestModel })],
      });
      const written = recordText(one);
      assert.equal(bodyOf(written), JSON.stringify(one));
      assert.deepEqual(asKept(parseRecord(bodyOf(written))), asKept(one));
      assert.deepEqual(asKept(parseHead(written)), asKept(headOf(one)));
    }),
  );
});

test("a record's first line has each value in its place, and null for what is unknown", () => {
  const one = record({
    experimentId: undefined,
    responseModel: undefined,
    usage: undefined,
    prediction: "setosa",
  });
  const head = parseHead(recordText(one));
  const { requestId, receivedAt, latencyMs, firstChunkMs } = one;
  assert.deepEqual(head, {
    requestId,
    receivedAt,
    outcome: "success",
    experimentId: null,
    assignedVariantId: "control",
    servedVariantId: "control",
    phase: one.phase,
    unitHash: one.unitHash,
    sessionHash: one.sessionHash,
    prediction: "setosa",
    flags: headOf(one).flags,
    latencyMs,
    firstChunkMs,
    inputTokens: null,
    outputTokens: null,
    cachedTokens: null,
    costUsd: 0.00058,
    responseModel: null,
  });
});
