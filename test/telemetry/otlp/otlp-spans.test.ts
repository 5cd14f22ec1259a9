import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import type { Redacted } from "../../../src/core/redaction.ts";
import { type AttributeGroup, GroupMemo } from "../../../src/telemetry/attribute-group.ts";
import { attributeKey } from "../../../src/telemetry/attribute-key.ts";
import type { Limits } from "../../../src/telemetry/limits.ts";
import { type Batch, OtlpBatches } from "../../../src/telemetry/otlp/otlp-batches.ts";
import { createEnvelope } from "../../../src/telemetry/otlp/otlp-envelope.ts";
import { OtlpSpans } from "../../../src/telemetry/otlp/otlp-spans.ts";
import { SdkSpans } from "../../../src/telemetry/sdk-sinks.ts";
import type { AttributeSink, SpanHead, SpanSink } from "../../../src/telemetry/span-sink.ts";
import { decoded } from "./wire-span.ts";

interface SpanFacts {
  readonly head: SpanHead;
  readonly attributes: readonly (readonly [string, Value])[];
  readonly group: AttributeGroup;
  readonly links: readonly string[];
  readonly status: { readonly message: string | undefined } | undefined;
}

type Value = string | number | boolean | readonly string[];

const resource = resourceFromAttributes({ "service.name": "söme", port: 1, ratio: 0.5, on: true });
const scope = { name: "assay", version: "1.2.3" };
const noLimits: Limits = { attributeCount: 128, valueLength: Number.POSITIVE_INFINITY, linkCount: 128 };

/** As our own bytes, in one batch. */
async function ours(spans: readonly SpanFacts[], limits: Limits): Promise<Uint8Array> {
  const sent: Batch[] = [];
  const batches = new OtlpBatches({
    envelope: createEnvelope(resource, scope),
    limits: { queueSize: 1000, batchSize: 1000, delayMs: 60_000, timeoutMs: 60_000 },
    send: async (batch) => {
      sent.push({ ...batch, bytes: Uint8Array.from(batch.bytes) });
    },
    finished: () => {},
    full: () => {},
  });
  const sink = new OtlpSpans(batches, limits);
  for (const span of spans) tell(sink, span);
  await batches.flush();
  assert.deepEqual(
    sent.map(({ count }) => count),
    [spans.length],
  );
  return sent[0]?.bytes ?? new Uint8Array();
}

/** As the SDK serialises what our other way out gives it. */
function sdks(spans: readonly SpanFacts[], limits: Limits): Uint8Array {
  const taken: ReadableSpan[] = [];
  const sink = new SdkSpans({ resource, scope, limits, take: (span) => taken.push(span) });
  for (const span of spans) tell(sink, span);
  return ProtobufTraceSerializer.serializeRequest(taken) ?? new Uint8Array();
}

function tell(sink: SpanSink, { head, attributes, group, links, status }: SpanFacts): void {
  assert.equal(sink.begin(head), true);
  for (const [name, value] of attributes) tellOne(sink, name, value);
  sink.group(group);
  for (const link of links) sink.link(link);
  if (status !== undefined) sink.failed(status.message as Redacted | undefined);
  sink.end();
}

function tellOne(sink: AttributeSink, name: string, value: Value): void {
  const key = attributeKey(name);
  if (typeof value === "number") sink.number(key, value);
  else if (typeof value === "boolean") sink.flag(key, value);
  else if (typeof value === "string") sink.text(key, value as Redacted);
  else sink.texts(key, value as readonly Redacted[]);
}

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
/** Short ones, long ones, all planes of Unicode, and halves of pairs. */
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(0x20, 0x7f, 0x80, 0xd800, 0x1f600).map((code) => String.fromCodePoint(code)),
  fc
    .tuple(
      fc.constantFrom("a", "é", "✓"),
      fc.constantFrom(60, 80, 120, 125, 126, 127, 128, 129, 16_300, 16_384, 40_000),
    )
    .map(([character, times]) => character.repeat(times)),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -0,
    127,
    128,
    -1,
    2 ** 31,
    2 ** 32,
    -(2 ** 32),
    2 ** 53,
    2 ** 62,
    2 ** 63,
    -(2 ** 63),
    2 ** 64,
    1e300,
  ),
);
const value: fc.Arbitrary<Value> = fc.oneof(text, number, fc.boolean(), fc.array(text, { maxLength: 4 }));
const attributes = fc.uniqueArray(
  // An object of the SDK's knows no such attribute, and has numbers in an order of its own.
  fc.tuple(
    fc.string({ minLength: 1, maxLength: 200 }).map((name) => `k.${name}`),
    value,
  ),
  { selector: ([name]) => name, maxLength: 12 },
);
const milliseconds = fc.double({ min: 0, max: 4e12, noNaN: true });
const head: fc.Arbitrary<SpanHead> = fc
  .record({
    traceId: fc.constantFrom("0af7651916cd43dd8448eb211c80319c", "ffffffffffffffffffffffffffffffff"),
    spanId: hex(16),
    parentId: fc.option(fc.constantFrom("b7ad6b7169203331", "0000000000000001"), { nil: undefined }),
    hasRemoteParent: fc.boolean(),
    traceState: fc.option(fc.constantFrom("vendor=1", "a=b,c=d"), { nil: undefined }) as fc.Arbitrary<
      Redacted | undefined
    >,
    name: text as fc.Arbitrary<Redacted>,
    kind: fc.constantFrom(1, 2, 3),
    startMs: milliseconds,
    endMs: milliseconds,
  })
  .map((span) => ({
    ...span,
    hasRemoteParent: span.hasRemoteParent && span.parentId !== undefined,
    endMs: Math.max(span.startMs, span.endMs),
  }));
/** A few groups, which come again. */
const memo = new GroupMemo<readonly [Value]>((to, [one]) => tellOne(to, "group.one", one));
const group = fc.oneof(fc.constantFrom<Value>("x", 7, true), value).map((one) => memo.of([one]));
const span: fc.Arbitrary<SpanFacts> = fc.record({
  head,
  attributes,
  group,
  links: fc.array(hex(16), { maxLength: 3 }),
  status: fc.option(fc.record({ message: fc.option(text, { nil: undefined }) }), { nil: undefined }),
});
const limits = fc.record({
  attributeCount: fc.integer({ min: 0, max: 14 }),
  valueLength: fc.constantFrom(1, 2, 7, Number.POSITIVE_INFINITY),
  linkCount: fc.integer({ min: 1, max: 3 }),
});

describe("our bytes of spans", () => {
  test("are to OTLP's own definition the same message as the SDK's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(span, { minLength: 1, maxLength: 6 }), async (spans) => {
        assert.deepEqual(
          decoded("Request", await ours(spans, noLimits)),
          decoded("Request", sdks(spans, noLimits)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("obey the limits of the SDK, and count what is beyond them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(span, { minLength: 1, maxLength: 3 }), limits, async (spans, some) => {
        assert.deepEqual(decoded("Request", await ours(spans, some)), decoded("Request", sdks(spans, some)));
      }),
      { numRuns: 300 },
    );
  });
});
