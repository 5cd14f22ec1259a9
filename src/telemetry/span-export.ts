/** Where spans go, by the standard variables: as our own bytes, or by an exporter of the SDK. */
import { BatchSpanProcessor, ConsoleSpanExporter, type SpanExporter } from "@opentelemetry/sdk-trace";
import { spanBatchLimits } from "./batch-limits.ts";
import { spanLimits } from "./limits.ts";
import { createSpanSender } from "./otlp/otlp-sender.ts";
import { OtlpSpans } from "./otlp/otlp-spans.ts";
import { type ExportParts, startBatches } from "./otlp/start-batches.ts";
import { SdkSpans } from "./sdk-sinks.ts";
import { exportersOf, isExported, protocolOf } from "./signals.ts";
import type { SpanSink } from "./span-sink.ts";

export interface SpanExport {
  readonly sink: SpanSink;
  /** Sends what is held, and ends; what has not been sent in time is lost. */
  shutdown(milliseconds: number): Promise<void>;
}

/** Undefined when traces do not leave. */
export async function exportSpans(parts: ExportParts): Promise<SpanExport | undefined> {
  if (!isExported("traces")) return undefined;
  const exporter = await sdkExporter();
  if (exporter !== undefined) return bySdk(exporter, parts);
  const { batches, shutdown } = startBatches("span", {
    ...parts,
    queue: parts.queues.span,
    limits: spanBatchLimits(),
    sender: createSpanSender(),
  });
  return { sink: new OtlpSpans(batches, spanLimits()), shutdown };
}

/** For what has no bytes of ours; undefined for http/protobuf. Loaded when asked for: gRPC alone takes 100 ms of the start. */
async function sdkExporter(): Promise<SpanExporter | undefined> {
  if (exportersOf("traces").includes("console")) return new ConsoleSpanExporter();
  switch (protocolOf("traces")) {
    case "grpc":
      return new (await import("@opentelemetry/exporter-trace-otlp-grpc")).OTLPTraceExporter();
    case "http/json":
      return new (await import("@opentelemetry/exporter-trace-otlp-http")).OTLPTraceExporter();
    default:
      return undefined;
  }
}

function bySdk(exporter: SpanExporter, { resource, scope, meters }: ExportParts): SpanExport {
  const { queueSize, batchSize, delayMs, timeoutMs } = spanBatchLimits();
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: queueSize,
    maxExportBatchSize: batchSize,
    scheduledDelayMillis: delayMs,
    exportTimeoutMillis: timeoutMs,
    selfObsMeterProvider: meters,
  });
  const take = processor.onEnd.bind(processor);
  return {
    sink: new SdkSpans({ resource, scope, limits: spanLimits(), take }),
    shutdown: () => processor.shutdown(),
  };
}
