/** Where events go, by the standard variables: as our own bytes, or by a logger of the SDK. */
import { logs } from "@opentelemetry/api";
import { logRecordBatchLimits } from "./batch-limits.ts";
import { logRecordLimits } from "./limits.ts";
import { OtlpEvents } from "./otlp/otlp-events.ts";
import { createLogSender } from "./otlp/otlp-sender.ts";
import { type ExportParts, startBatches } from "./otlp/start-batches.ts";
import { SdkEvents } from "./sdk-sinks.ts";
import { exportersOf, isExported, protocolOf } from "./signals.ts";
import type { EventSink } from "./span-sink.ts";

export interface EventExport {
  readonly sink: EventSink;
  /** Sends what is held, and ends; what has not been sent in time is lost. */
  shutdown(milliseconds: number): Promise<void>;
}

/** Undefined when logs do not leave. */
export async function exportEvents(parts: ExportParts): Promise<EventExport | undefined> {
  if (!isExported("logs")) return undefined;
  const isOtlp = exportersOf("logs").every((name) => name === "otlp");
  if (!isOtlp || ["grpc", "http/json"].includes(protocolOf("logs"))) return bySdk(parts);
  const { batches, shutdown } = startBatches("log", {
    ...parts,
    queue: parts.queues.log,
    limits: logRecordBatchLimits(),
    sender: createLogSender(),
  });
  return { sink: new OtlpEvents(batches, logRecordLimits()), shutdown };
}

/** The SDK makes exporters and processors by the environment. */
async function bySdk({ resource, scope }: ExportParts): Promise<EventExport> {
  // Loaded when asked for: it brings every exporter that there is.
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    textMapPropagator: null,
    spanProcessors: [],
    metricReaders: [],
  });
  sdk.start();
  return {
    sink: new SdkEvents(logs.getLogger(scope.name, scope.version)),
    async shutdown() {
      await sdk.shutdown();
      // Another telemetry may be started in this process: the SDK's globals are set once and would keep the dead one.
      logs.disable();
    },
  };
}
