import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { outcomeRecord } from "../../src/core/outcome-record.ts";
import { createRedactor } from "../../src/core/redaction.ts";
import { unitHasher } from "../../src/core/unit-hash.ts";
import type { OutcomeRecord } from "../../src/domain/outcome.ts";
import { draftOf, now, parse, requestId, requestIdAt } from "./outcome-fixture.ts";

const redactor = createRedactor({ pseudonymKey: "k" });
const makers = {
  outcomeId: () => "id",
  unitHash: unitHasher("key"),
  redact: (text: string) => redactor.redact(text).text,
  receivedAt: now,
};
const recordOf = (members: Readonly<Record<string, unknown>>): OutcomeRecord =>
  outcomeRecord(draftOf(members), makers);
const hashOf = (members: Readonly<Record<string, unknown>>): string => recordOf(members).idempotencyHash;

describe("what is kept of an outcome", () => {
  test("has hashes in place of a unit's and a session's id, the same that requests have", () => {
    const { drafts } = parse([
      { unit: "user-42", metric: "resolved", value: true },
      { session: "session-7", metric: "resolved", value: true },
    ]);
    const records = drafts.map((draft) => outcomeRecord(draft, makers));
    assert.deepEqual(
      records.map(({ subject }) => subject),
      [
        { kind: "unit", unitHash: makers.unitHash({ type: "user", id: "user-42" }) },
        { kind: "session", sessionHash: makers.unitHash({ type: "session", id: "session-7" }) },
      ],
    );
    assert.doesNotMatch(JSON.stringify(records), /user-42|session-7/);
  });

  test("has its comment and its label redacted, and no key", () => {
    const record = recordOf({
      metric: "correct",
      label: "jane@example.com",
      comment: "write to jane@example.com",
      idempotency_key: "thumb-of-jane@example.com",
    });
    assert.match(record.comment ?? "", /^write to \[email:[0-9a-f]{8}\]$/);
    // As a prediction of the same text was: so they can be compared still.
    assert.equal(record.label, makers.redact("jane@example.com"));
    assert.doesNotMatch(JSON.stringify(record), /jane/);
  });

  test("came to pass when its sender says, else when it arrived", () => {
    const thumb = { metric: "resolved", value: true };
    assert.deepEqual([recordOf(thumb).at, recordOf(thumb).receivedAt], [now, now]);
    assert.deepEqual(
      [recordOf({ ...thumb, at: now - 5 }).at, recordOf({ ...thumb, at: now - 5 }).receivedAt],
      [now - 5, now],
    );
  });
});

describe("a repetition", () => {
  const stars = { metric: "csat", value: 4 };

  test("without a key is the same metric, subject and content, whenever it comes", () => {
    const later = outcomeRecord(draftOf(stars), { ...makers, outcomeId: () => "other", receivedAt: now + 9 });
    assert.equal(later.idempotencyHash, hashOf(stars));
    assert.match(hashOf(stars), /^[0-9a-f]{64}$/);
  });

  test("without a key is none when anything differs", () => {
    const different = [
      stars,
      { ...stars, value: 5 },
      { ...stars, metric: "length" },
      { ...stars, at: now },
      { ...stars, at: now - 1 },
      { ...stars, comment: "why" },
      { ...stars, request_id: requestIdAt(now) },
      { ...stars, request_id: null, session: "s" },
      { ...stars, request_id: null, unit: "s" },
      { metric: "resolved", value: true },
      { metric: "correct", value: true },
      { metric: "correct", label: "1" },
    ].map(hashOf);
    assert.equal(new Set(different).size, different.length);
  });

  test("with a key is the same key for the same metric and subject, whatever it says", () => {
    const key = { ...stars, idempotency_key: "k" };
    assert.equal(hashOf(key), hashOf({ ...key, value: 5, at: now, comment: "c" }));
    assert.notEqual(hashOf(key), hashOf(stars));
    assert.notEqual(hashOf(key), hashOf({ ...key, idempotency_key: "l" }));
    assert.notEqual(hashOf(key), hashOf({ ...key, metric: "length" }));
    assert.notEqual(hashOf(key), hashOf({ ...key, request_id: requestIdAt(now) }));
  });

  test("tells whether a key makes it one", () => {
    assert.equal(recordOf(stars).isKeyed, false);
    assert.equal(recordOf({ ...stars, idempotency_key: "k" }).isKeyed, true);
  });

  test("of a request's outcome is known by the id in either case", () => {
    assert.equal(hashOf({ ...stars, request_id: requestId.toUpperCase() }), hashOf(stars));
  });
});
