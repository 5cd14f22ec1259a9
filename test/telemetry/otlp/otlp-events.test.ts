import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { LoggerProvider, type ReadableLogRecord } from "@opentelemetry/sdk-logs";
import fc from "fast-check";
import type { Limits } from "../../../src/telemetry/limits.ts";
import { OtlpEvents } from "../../../src/telemetry/otlp/otlp-events.ts";
import { SdkEvents } from "../../../src/telemetry/sdk-sinks.ts";
import type { EventHead, EventSink } from "../../../src/telemetry/span-sink.ts";
import { hex, limits, milliseconds, type Told, tellAll, text, told } from "./arbitrary-attributes.ts";
import { inOneBatch, noLimits, resource, scope } from "./one-batch.ts";
import { decoded } from "./wire-message.ts";

interface EventFacts extends Told {
  readonly head: EventHead;
}

/** As our own bytes, in one batch. */
function ours(events: readonly EventFacts[], limits: Limits): Promise<Uint8Array> {
  return inOneBatch(events.length, (batches) => {
    const sink = new OtlpEvents(batches, limits);
    for (const event of events) tell(sink, event);
  });
}

/** As a logger of the SDK's takes what our other way out gives it, cuts it, and the SDK serialises it. */
function sdks(events: readonly EventFacts[], { attributeCount, valueLength }: Limits): Uint8Array {
  const taken: ReadableLogRecord[] = [];
  const provider = new LoggerProvider({
    resource,
    logRecordLimits: { attributeCountLimit: attributeCount, attributeValueLengthLimit: valueLength },
    processors: [
      { onEmit: (record) => void taken.push(record), forceFlush: async () => {}, shutdown: async () => {} },
    ],
  });
  const sink = new SdkEvents(provider.getLogger(scope.name, scope.version));
  for (const event of events) tell(sink, event);
  return ProtobufLogsSerializer.serializeRequest(taken) ?? new Uint8Array();
}

function tell(sink: EventSink, event: EventFacts): void {
  assert.equal(sink.begin(event.head), true);
  tellAll(sink, event);
  sink.end();
}

const event: fc.Arbitrary<EventFacts> = fc.record({
  head: fc.record({
    span: fc.option(
      fc.record({
        traceId: fc.constantFrom("0af7651916cd43dd8448eb211c80319c", "ffffffffffffffffffffffffffffffff"),
        // The SDK leaves out ids that are all zeros: no trace has them.
        spanId: hex(16).filter((id) => /[^0]/.test(id)),
        isSampled: fc.boolean(),
      }),
      { nil: undefined },
    ),
    severity: fc.constantFrom("info", "warn", undefined),
    name: text,
    atMs: milliseconds,
  }),
  ...told,
});

/** That both messages are the same. */
async function compare(events: readonly EventFacts[], limits: Limits): Promise<void> {
  const message = "ExportLogsServiceRequest";
  assert.deepEqual(decoded(message, await ours(events, limits)), decoded(message, sdks(events, limits)));
}

describe("our bytes of events", () => {
  test("are to OTLP's own definition the same message as the SDK's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 6 }), (events) =>
        compare(events, noLimits),
      ),
      { numRuns: 300 },
    );
  });

  test("obey the limits of the SDK, and count what is beyond them", async () => {
    await fc.assert(fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 3 }), limits, compare), {
      numRuns: 300,
    });
  });
});
