import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseOutcomes } from "../../src/core/outcome-body.ts";
import { Failure } from "../../src/domain/failure.ts";
import { draftOf, now, parse, requestId, requestIdAt, rules } from "./outcome-fixture.ts";

const dayMs = 86_400_000;

describe("an outcome", () => {
  test("is of a request, a session or a unit", () => {
    const thumb = { metric: "resolved", value: true };
    assert.deepEqual(parse({ request_id: requestId, ...thumb }).drafts[0]?.subject, {
      kind: "request",
      requestId,
    });
    assert.deepEqual(parse({ session: "s-1", ...thumb }).drafts[0]?.subject, {
      kind: "session",
      session: "s-1",
    });
    assert.deepEqual(parse({ unit: "u-1", unit_type: "org", ...thumb }).drafts[0]?.subject, {
      kind: "unit",
      type: "org",
      id: "u-1",
    });
  });

  test("is of the one type of unit that experiments use, where it does not say which", () => {
    const { drafts } = parse({ unit: "u-1", metric: "resolved", value: true });
    assert.deepEqual(drafts[0]?.subject, { kind: "unit", type: "user", id: "u-1" });
  });

  test("takes a request's id in upper case as well", () => {
    const { drafts } = parse({ request_id: requestId.toUpperCase(), metric: "resolved", value: true });
    assert.deepEqual(drafts[0]?.subject, { kind: "request", requestId });
  });

  test("holds a boolean as 1 or 0, a number, a category or a label", () => {
    const only = (members: Record<string, unknown>) => {
      const { value, category, label } = draftOf(members);
      return [value, category, label];
    };
    assert.deepEqual(only({ metric: "resolved", value: true }), [1, undefined, undefined]);
    assert.deepEqual(only({ metric: "resolved", value: false }), [0, undefined, undefined]);
    assert.deepEqual(only({ metric: "csat", value: 4.5 }), [4.5, undefined, undefined]);
    assert.deepEqual(only({ metric: "csat", value: 5 }), [5, undefined, undefined]);
    assert.deepEqual(only({ metric: "topic", value: "so_so" }), [undefined, "so_so", undefined]);
    assert.deepEqual(only({ metric: "correct", label: "setosa" }), [undefined, undefined, "setosa"]);
    assert.deepEqual(only({ metric: "correct", label: 2 }), [undefined, undefined, "2"]);
    assert.deepEqual(only({ metric: "correct", value: false }), [0, undefined, undefined]);
  });

  test("tells when it came to pass by RFC 3339 or by milliseconds, or leaves it open", () => {
    const at = (written: unknown) => draftOf({ metric: "resolved", value: true, at: written }).at;
    assert.equal(at("2026-11-22T20:54:30.5Z"), now - 29_500);
    assert.equal(at("2026-11-22T21:55:00+01:00"), now);
    assert.equal(at(now + 5 * 60_000), now + 5 * 60_000);
    assert.equal(at(null), undefined);
  });

  test("takes null for a member that is not there", () => {
    const draft = draftOf({
      metric: "resolved",
      value: true,
      comment: null,
      idempotency_key: null,
      unit: null,
    });
    assert.deepEqual([draft.comment, draft.idempotencyKey], [undefined, undefined]);
  });

  test("keeps comment and key", () => {
    const comment = "🙂".repeat(2000);
    const draft = draftOf({ metric: "resolved", value: true, comment, idempotency_key: "k" });
    assert.deepEqual([draft.comment, draft.idempotencyKey], [comment, "k"]);
  });
});

describe("a body", () => {
  test("is one outcome, or an array of them in their order", () => {
    const one = { request_id: requestId, metric: "csat", value: 1 };
    assert.equal(parse(one).isArray, false);
    const { drafts, isArray } = parse(` [${JSON.stringify(one)} , ${JSON.stringify({ ...one, value: 2 })}] `);
    assert.equal(isArray, true);
    assert.deepEqual(
      drafts.map(({ value }) => value),
      [1, 2],
    );
  });

  test("may hold a thousand outcomes with every member they have", () => {
    const each = {
      request_id: requestId,
      metric: "csat",
      value: 1,
      comment: "c",
      at: now,
      idempotency_key: "k",
    };
    assert.equal(parse(Array(1000).fill(each)).drafts.length, 1000);
  });
});

const ok = { metric: "resolved", value: true };
const thumb = { request_id: requestId, ...ok };

const refusals: readonly {
  readonly says: string;
  readonly body: unknown;
  readonly code?: string;
  readonly param?: string;
  readonly message: string | RegExp;
}[] = [
  {
    says: "an unknown metric, with the one that was meant",
    body: { ...thumb, metric: "resolvd" },
    param: "metric",
    message: 'metric is "resolvd", which the configuration lacks; did you mean "resolved"?',
  },
  {
    says: "a metric that Assay measures itself",
    body: { ...thumb, metric: "latency" },
    param: "metric",
    message:
      'metric is "latency", which Assay measures itself; use one of "resolved", "csat", "length", "topic", "correct".',
  },
  {
    says: "a metric that every object has",
    body: { ...thumb, metric: "constructor" },
    param: "metric",
    message: /^metric is "constructor", which the configuration lacks/,
  },
  {
    says: "no metric",
    body: { request_id: requestId, value: true },
    code: "missing_required_parameter",
    param: "metric",
    message: /^metric is missing; use one of "resolved"/,
  },
  {
    says: "a number where a boolean is wanted",
    body: { ...thumb, value: 1 },
    param: "value",
    message: 'value is 1; "resolved" takes true or false.',
  },
  {
    says: "text where a number is wanted, in an array",
    body: [thumb, { ...thumb, metric: "csat", value: "5" }],
    param: "[1].value",
    message: '[1].value is a string of 1 characters; "csat" takes a number from 1 to 5.',
  },
  {
    says: "a number above the maximum",
    body: { ...thumb, metric: "csat", value: 6 },
    param: "value",
    message: 'value is 6; "csat" takes a number from 1 to 5.',
  },
  {
    says: "a number below the minimum",
    body: { ...thumb, metric: "length", value: -0.1 },
    param: "value",
    message: 'value is -0.1; "length" takes a number of 0 or more.',
  },
  {
    says: "a number that is none in binary",
    body: `{"request_id":"${requestId}","metric":"length","value":1e999}`,
    param: "value",
    message: 'value is Infinity; "length" takes a number of 0 or more.',
  },
  {
    says: "an unknown category, with the one that was meant",
    body: { ...thumb, metric: "topic", value: "so-so" },
    param: "value",
    message: 'value is "so-so", no category of "topic"; did you mean "so_so"?',
  },
  {
    says: "a category that every object has",
    body: { ...thumb, metric: "topic", value: "constructor" },
    param: "value",
    message: 'value is "constructor", no category of "topic"; use one of "good", "so_so", "bad".',
  },
  {
    says: "no value",
    body: { request_id: requestId, metric: "csat", value: null },
    code: "missing_required_parameter",
    param: "value",
    message: 'value is missing; "csat" takes a number from 1 to 5.',
  },
  {
    says: "a label of what is not correctness",
    body: { request_id: requestId, metric: "csat", label: "5" },
    param: "label",
    message: 'label is for metrics of kind correctness; "csat" takes a number from 1 to 5 as value.',
  },
  {
    says: "a label that is missing",
    body: { request_id: requestId, metric: "correct" },
    code: "missing_required_parameter",
    param: "label",
    message: "label is missing; send the true label, or value: true or false.",
  },
  {
    says: "a label beside a value",
    body: { ...thumb, metric: "correct", label: "a" },
    param: "value",
    message: "value stands beside label; send the true label, or whether the answer was right.",
  },
  {
    says: "a label as a value",
    body: { ...thumb, metric: "correct", value: "setosa" },
    param: "value",
    message: "value is a string of 6 characters; send true or false, or the true label as label.",
  },
  {
    says: "a label that is longer than any prediction",
    body: { request_id: requestId, metric: "correct", label: "x".repeat(129) },
    param: "label",
    message:
      "label is a string of 129 characters; send a string of 1 to 128 characters, a number, true or false.",
  },
  {
    says: "a member that nobody knows, with the one that was meant",
    body: { requestId, ...ok },
    code: "unsupported_parameter",
    param: "requestId",
    message: 'requestId is no member of an outcome; did you mean "request_id"?',
  },
  {
    says: "an outcome of nothing",
    body: ok,
    code: "missing_required_parameter",
    param: "request_id",
    message: "request_id is missing; say what the outcome is of: request_id, session or unit.",
  },
  {
    says: "an outcome of two things",
    body: { ...thumb, unit: "u" },
    param: "unit",
    message: "unit stands beside request_id; send one of the two.",
  },
  {
    says: "a unit's type without a unit",
    body: { ...thumb, unit_type: "user" },
    param: "unit_type",
    message: "unit_type goes with unit, and this outcome has a request_id; leave it out.",
  },
  {
    says: "a type of unit that is none",
    body: { unit: "u", unit_type: "team", ...ok },
    param: "unit_type",
    message: "unit_type is a string of 4 characters; use one of user, org, session.",
  },
  {
    says: "a request told as a unit",
    body: { unit: requestId, unit_type: "request", ...ok },
    param: "unit_type",
    message: "unit_type is request; send request_id in place of unit.",
  },
  {
    says: "a unit that is a number, without repeating it",
    body: { unit: 4711, ...ok },
    param: "unit",
    message: "unit is a number; send a string, the same that requests carry.",
  },
  {
    says: "a blank session",
    body: { session: " ", ...ok },
    param: "session",
    message: "session is blank; send an id.",
  },
  {
    says: "a unit that no request can carry",
    body: { unit: "u".repeat(513), ...ok },
    param: "unit",
    message: "unit is longer than 512 characters; no request can carry it.",
  },
  {
    says: "a request's id that is not ours",
    body: { ...thumb, request_id: "chatcmpl-4711" },
    code: "not_found",
    param: "request_id",
    message: "request_id is not an id of ours; send the x-request-id of the answer that the outcome is of.",
  },
  {
    says: "a random UUID",
    body: [{ ...thumb, request_id: "3f2b8f0e-9f1a-4b7e-8a51-5f0b7f2f7c11" }],
    code: "not_found",
    param: "[0].request_id",
    message: /^\[0\]\.request_id is not an id of ours/,
  },
  {
    says: "a request of the future",
    body: { ...thumb, request_id: requestIdAt(now + 5 * 60_000 + 1) },
    code: "not_found",
    param: "request_id",
    message: /^request_id is not an id of ours/,
  },
  {
    says: "a request that is no longer kept",
    body: { ...thumb, request_id: requestIdAt(now - 90 * dayMs - 1) },
    code: "outcome_too_old",
    param: "request_id",
    message:
      "request_id is of a request that is no longer kept; requests are kept for 90 days (store.retention_days).",
  },
  {
    says: "a time that is yet to come",
    body: { ...thumb, at: "2026-11-22T21:01:00Z" },
    param: "at",
    message: "at is 2026-11-22T21:01:00.000Z, which is yet to come; mind the clock.",
  },
  {
    says: "a time of which nothing is kept",
    body: { session: "s", ...ok, at: "2026-08-01T00:00:00Z" },
    code: "outcome_too_old",
    param: "at",
    message: "at is 2026-08-01T00:00:00.000Z; nothing that old is kept.",
  },
  {
    says: "seconds where milliseconds are wanted",
    body: { session: "s", ...ok, at: Math.floor(now / 1000) },
    code: "outcome_too_old",
    param: "at",
    message: /^at is 1970-01-21T.*; those look like seconds, send milliseconds\.$/,
  },
  {
    says: "a time before its request",
    body: { ...thumb, at: now - 60_000 - 5 * 60_000 - 1 },
    param: "at",
    message: /, before its request; mind the clock\.$/,
  },
  {
    says: "a day that no month has",
    body: { ...thumb, at: "2026-02-30T00:00:00Z" },
    param: "at",
    message:
      "at is a string of 20 characters; send a time such as 2026-11-22T20:55:00Z, or milliseconds since 1970.",
  },
  {
    says: "a comment that is too long",
    body: { ...thumb, comment: "x".repeat(2001) },
    param: "comment",
    message: "comment has more than 2000 characters; shorten it.",
  },
  {
    says: "a comment that is no text",
    body: { ...thumb, comment: { text: "x" } },
    param: "comment",
    message: "comment is an object; send a string.",
  },
  {
    says: "an empty key",
    body: { ...thumb, idempotency_key: "" },
    param: "idempotency_key",
    message: "idempotency_key is an empty string; send a string of 1 to 255 characters.",
  },
  { says: "an empty array", body: [], message: "The array is empty; send at least one outcome." },
  {
    says: "more than a thousand outcomes",
    body: Array(1001).fill(thumb),
    message: "The array has more than 1000 outcomes; send them in parts.",
  },
  {
    says: "an element that is no object",
    body: [thumb, "x"],
    code: "invalid_type",
    param: "[1]",
    message: '[1] is not an object; send outcomes such as {"request_id": …, "metric": …, "value": …}.',
  },
  {
    says: "a body that is neither",
    body: '"thumb"',
    code: "invalid_type",
    message: "The body is neither an outcome nor an array of them. Send an object or an array.",
  },
  {
    says: "a key that is given twice, in an array",
    body: `[{"session":"s","metric":"resolved","value":true,"value":false}]`,
    code: "invalid_json",
    param: "[0].value",
    message: '[0] has the key "value" twice. Send it once.',
  },
  {
    says: "a key that is given twice",
    body: `{"session":"s","metric":"resolved","value":true,"value":false}`,
    code: "invalid_json",
    param: "value",
    message: 'The body has the key "value" twice. Send it once.',
  },
  {
    says: "an array that does not end",
    body: `[{"session":"s"}`,
    code: "invalid_json",
    message: /byte 16 of 16/,
  },
  { says: "a comma too many", body: `[{"session":"s"},]`, code: "invalid_json", message: /byte 17 of 18/ },
  { says: "text behind the array", body: "[{}] x", code: "invalid_json", message: /byte 5 of 6/ },
  {
    says: "deep nesting",
    body: `[{"comment":${"[".repeat(70)}${"]".repeat(70)}}]`,
    code: "json_too_complex",
    message: /64/,
  },
];

function refusalOf(body: unknown, change: Parameters<typeof parse>[1] = {}): Failure {
  try {
    parse(body, change);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error("it was taken");
}

describe("a refusal names the member, the value and the cure", () => {
  for (const { says, body, code = "invalid_value", param, message } of refusals) {
    test(says, () => {
      const failure = refusalOf(body);
      if (typeof message === "string") assert.equal(failure.message, message);
      else assert.match(failure.message, message);
      assert.deepEqual([failure.code, failure.details.param], [code, param]);
    });
  }

  test("a unit without a type, where experiments use two", () => {
    const failure = refusalOf({ unit: "u", ...ok }, { unitTypes: ["org", "user", "org"] });
    assert.equal(
      failure.message,
      "unit_type is missing, and experiments use org and user; say which: user, org, session.",
    );
    assert.deepEqual([failure.code, failure.details.param], ["missing_required_parameter", "unit_type"]);
  });

  test("a unit without a type, where experiments draw requests", () => {
    const failure = refusalOf({ unit: "u", ...ok }, { unitTypes: ["request"] });
    assert.match(failure.message, /^unit_type is missing, and no experiment has units to guess by/);
  });

  test("any metric, where the configuration has none", () => {
    const failure = refusalOf(thumb, { metrics: {} });
    assert.equal(
      failure.message,
      "metric is not known: the configuration declares no metric; add it there under `metrics`.",
    );
  });
});

test("the bounds themselves are taken: the oldest request that is kept, and a clock five minutes ahead", () => {
  const of = (time: number) => parse({ ...thumb, request_id: requestIdAt(time) }).drafts.length;
  assert.deepEqual([of(now - 90 * dayMs), of(now + 5 * 60_000)], [1, 1]);
});

test("no refusal repeats an id", () => {
  const id = "secret-id-of-somebody";
  const wrong: readonly Record<string, unknown>[] = [
    { request_id: id, ...ok },
    { unit: id, session: id, ...ok },
    { unit: id, unit_type: id, ...ok },
    { unit: [id], ...ok },
    { unit: id.repeat(30), ...ok },
    { session: id, ...ok, at: id },
  ];
  for (const body of wrong) assert.doesNotMatch(refusalOf(body).message, /secret-id/);
});

test("whatever the bytes, there are drafts or a Failure of the client's", () => {
  const members = fc.record(
    {
      request_id: fc.oneof(fc.constant(requestId), fc.string()),
      session: fc.string(),
      unit: fc.string(),
      unit_type: fc.constantFrom("user", "org", "team", null),
      metric: fc.oneof(fc.constantFrom(...Object.keys(rules.metrics)), fc.string()),
      value: fc.jsonValue(),
      label: fc.jsonValue(),
      at: fc.oneof(fc.double(), fc.string(), fc.integer()),
      comment: fc.string(),
    },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc.oneof(members, fc.array(members)).map((value) => Buffer.from(JSON.stringify(value))),
  );
  fc.assert(
    fc.property(bodies, (bytes) => {
      try {
        assert.ok(parseOutcomes(bytes, rules).drafts.length > 0);
      } catch (thrown) {
        assert.ok(thrown instanceof Failure, String(thrown));
        assert.ok(thrown.status >= 400 && thrown.status < 500);
      }
    }),
    { numRuns: 2000 },
  );
});
