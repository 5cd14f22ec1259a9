import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { factColumns, isFact, unfinishedFlags } from "../../src/core/request-fact.ts";
import type { RequestRecord, ValidationRecord } from "../../src/domain/record.ts";
import { factFlags } from "../../src/domain/store.ts";
import { attempt, record } from "../stores/record-fixture.ts";

type Flag = keyof typeof factFlags;

function flagsOf(change: Partial<RequestRecord>): Flag[] {
  const { flags } = factColumns(record({ validations: [], isExposed: false, outcome: "timeout", ...change }));
  return Object.entries(factFlags).flatMap(([name, bit]) => (flags & bit ? [name as Flag] : []));
}

const failed = attempt({ cause: "upstream_unavailable" });
const rescue = attempt({ number: 2, reason: "fallback" });
const fallback = { from: "warm", to: "control", cause: "breaker_open" };

describe("the flags of a request", () => {
  const cases: [string, Partial<RequestRecord>, Flag[]][] = [
    ["nothing but an outcome of its own", {}, []],
    ["an exposure", { isExposed: true }, ["exposed"]],
    ["a success", { outcome: "success" }, ["success"]],
    ["a refusal", { isRefusal: true }, ["refusal"]],
    ["an answer that was cut by its length", { finishReasons: ["stop", "length"] }, ["truncated"]],
    ["a blocked answer", { outcome: "blocked", safety: "blocked" }, ["blocked"]],
    ["a client that went away", { outcome: "cancelled" }, ["cancelled"]],
    ["a rate limit", { outcome: "rate_limited" }, ["rateLimited"]],
    ["a killed variant", { reason: "killed" }, ["killed"]],
    ["a pinned variant", { reason: "pinned" }, ["pinned"]],
    ["a first attempt that failed", { attempts: [failed] }, ["error"]],
    [
      "a retry that rescued it",
      { outcome: "success", attempts: [failed, attempt({ number: 2, reason: "retry" })] },
      ["success", "error"],
    ],
    [
      "a fallback that rescued it",
      { outcome: "success", attempts: [failed, rescue], fallback },
      ["success", "error", "fallback"],
    ],
    [
      "a variant that was not even asked",
      { outcome: "success", attempts: [rescue], fallback },
      ["success", "error", "fallback"],
    ],
    [
      "a canned answer in its place",
      { outcome: "success", attempts: [], fallback },
      ["success", "error", "fallback"],
    ],
    ["a retry that failed after a first attempt that did not", { attempts: [attempt(), failed] }, []],
    [
      "a client that left in the first attempt",
      { outcome: "cancelled", attempts: [attempt({ cause: "client_cancelled" })] },
      ["cancelled"],
    ],
    ["no attempt, for an open breaker", { outcome: "upstream_error", attempts: [] }, ["error"]],
    [
      "an exposure that could not be kept",
      { outcome: "upstream_error", errorType: "store_unavailable", attempts: [attempt()] },
      [],
    ],
    [
      "an exposure that could not be kept, before any attempt",
      { outcome: "upstream_error", errorType: "store_unavailable", attempts: [] },
      [],
    ],
    [
      "an exposure that could not be kept, after a first attempt that failed",
      { outcome: "upstream_error", errorType: "store_unavailable", attempts: [failed] },
      ["error"],
    ],
    [
      "a store that failed, as the cause of an attempt or of a fallback",
      {
        attempts: [attempt({ cause: "store_unavailable" })],
        fallback: { ...fallback, cause: "store_unavailable" },
      },
      ["fallback"],
    ],
    ["no attempt, for a request that was wrong", { outcome: "client_error", attempts: [] }, []],
    ["no attempt, for a client that left", { outcome: "cancelled", attempts: [] }, ["cancelled"]],
  ];
  for (const [name, change, expected] of cases) {
    test(`tell of ${name}`, () => {
      assert.deepEqual(flagsOf({ attempts: [attempt()], ...change }), expected);
    });
  }

  const validation = (
    phase: ValidationRecord["phase"],
    result: ValidationRecord["result"],
  ): ValidationRecord => ({
    name: "reply",
    phase,
    result,
    errorPath: undefined,
  });
  const schemas: [string, ValidationRecord[], Flag[]][] = [
    [
      "passed",
      [validation("first", "pass")],
      ["schemaFirstEvaluated", "schemaFirstPassed", "schemaEvaluated", "schemaPassed"],
    ],
    ["failed", [validation("first", "fail")], ["schemaFirstEvaluated", "schemaEvaluated"]],
    [
      "was repaired",
      [validation("first", "fail"), validation("repaired", "pass")],
      ["schemaFirstEvaluated", "schemaEvaluated", "schemaPassed"],
    ],
    ["was incomplete", [validation("first", "incomplete")], []],
    ["was not evaluated", [validation("first", "not_evaluated")], []],
    ["came from a fallback alone", [validation("fallback", "pass")], ["schemaEvaluated", "schemaPassed"]],
    [
      "ended incomplete",
      [validation("first", "fail"), validation("repaired", "incomplete")],
      ["schemaFirstEvaluated"],
    ],
  ];
  for (const [name, validations, expected] of schemas) {
    test(`tell of an answer that ${name}`, () => {
      assert.deepEqual(flagsOf({ attempts: [attempt()], validations }), expected);
    });
  }

  test("of an unfinished request are what is known of it, no more", () => {
    const flags =
      factFlags.exposed | factFlags.killed | factFlags.success | factFlags.error | factFlags.cancelled;
    assert.equal(unfinishedFlags(flags), factFlags.exposed | factFlags.killed | factFlags.unfinished);
  });
});

describe("the numbers of a request", () => {
  test("are its record's", () => {
    const one = record();
    const { flags: _, ...numbers } = factColumns(one);
    assert.deepEqual(numbers, {
      receivedAt: one.receivedAt,
      latencyMs: 438.5,
      firstChunkMs: 121.75,
      inputTokens: 812,
      outputTokens: 164,
      cachedTokens: 512,
      costUsd: 0.00058,
      responseModel: "gpt-4.1-mini-2025-04-14",
    });
  });

  test("have the upstream's name for its model, up to a length", () => {
    const long = `${"m".repeat(127)}\ud83d\ude00`;
    assert.equal(factColumns(record({ responseModel: long })).responseModel, `${"m".repeat(127)}\ufffd`);
    const fits = "m".repeat(128);
    assert.equal(factColumns(record({ responseModel: fits })).responseModel, fits);
  });

  test("that nobody told are undefined, not 0", () => {
    const { inputTokens, outputTokens, cachedTokens, costUsd } = factColumns(
      record({ usage: undefined, costUsd: undefined }),
    );
    assert.deepEqual(
      [inputTokens, outputTokens, cachedTokens, costUsd],
      [undefined, undefined, undefined, undefined],
    );
  });
});

describe("a record", () => {
  test("is a fact only with experiment, variant and unit", () => {
    assert.equal(isFact(record()), true);
    for (const missing of ["experimentId", "assignedVariantId", "unitHash"] as const) {
      assert.equal(isFact(record({ [missing]: undefined })), false, missing);
    }
  });
});
