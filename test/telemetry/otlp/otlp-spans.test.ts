import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import type { Redacted } from "../../../src/core/redaction.ts";
import type { Limits } from "../../../src/telemetry/limits.ts";
import { OtlpSpans } from "../../../src/telemetry/otlp/otlp-spans.ts";
import { SdkSpans } from "../../../src/telemetry/sdk-sinks.ts";
import type { SpanHead, SpanSink } from "../../../src/telemetry/span-sink.ts";
import { hex, limits, milliseconds, type Told, tellAll, text, told } from "./arbitrary-attributes.ts";
import { inOneBatch, noLimits, resource, scope } from "./one-batch.ts";
import { decoded } from "./wire-message.ts";

interface SpanFacts extends Told {
  readonly head: SpanHead;
  readonly links: readonly string[];
  readonly status: { readonly message: string | undefined } | undefined;
}

/** As our own bytes, in one batch. */
function ours(spans: readonly SpanFacts[], limits: Limits): Promise<Uint8Array> {
  return inOneBatch(spans.length, (batches) => {
    const sink = new OtlpSpans(batches, limits);
    for (const span of spans) tell(sink, span);
  });
}

/** As the SDK serialises what our other way out gives it. */
function sdks(spans: readonly SpanFacts[], limits: Limits): Uint8Array {
  const taken: ReadableSpan[] = [];
  const sink = new SdkSpans({ resource, scope, limits, take: (span) => taken.push(span) });
  for (const span of spans) tell(sink, span);
  return ProtobufTraceSerializer.serializeRequest(taken) ?? new Uint8Array();
}

function tell(sink: SpanSink, span: SpanFacts): void {
  assert.equal(sink.begin(span.head), true);
  tellAll(sink, span);
  for (const link of span.links) sink.link(link);
  if (span.status !== undefined) sink.failed(span.status.message as Redacted | undefined);
  sink.end();
}

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
const span: fc.Arbitrary<SpanFacts> = fc.record({
  head,
  ...told,
  links: fc.array(hex(16), { maxLength: 3 }),
  status: fc.option(fc.record({ message: fc.option(text, { nil: undefined }) }), { nil: undefined }),
});

/** That both messages are the same. */
async function compare(spans: readonly SpanFacts[], limits: Limits): Promise<void> {
  const message = "ExportTraceServiceRequest";
  assert.deepEqual(decoded(message, await ours(spans, limits)), decoded(message, sdks(spans, limits)));
}

describe("our bytes of spans", () => {
  test("are to OTLP's own definition the same message as the SDK's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(span, { minLength: 1, maxLength: 6 }), (spans) => compare(spans, noLimits)),
      { numRuns: 300 },
    );
  });

  test("obey the limits of the SDK, and count what is beyond them", async () => {
    await fc.assert(fc.asyncProperty(fc.array(span, { minLength: 1, maxLength: 3 }), limits, compare), {
      numRuns: 300,
    });
  });
});
