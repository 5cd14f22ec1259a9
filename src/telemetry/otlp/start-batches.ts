import type { MeterProvider } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { Log } from "../../domain/log.ts";
import type { BatchLimits } from "../batch-limits.ts";
import type { Metrics, QueueInstruments } from "../metrics.ts";
import { seldom } from "../seldom.ts";
import { OtlpBatches } from "./otlp-batches.ts";
import { createEnvelope, type Scope } from "./otlp-envelope.ts";
import type { OtlpSender } from "./otlp-sender.ts";

/** What every exporter needs. */
export interface ExportParts {
  readonly resource: Resource;
  readonly scope: Scope;
  /** For the SDK's own processors. */
  readonly meters: MeterProvider;
  readonly queues: Metrics["queues"];
  readonly log: Log;
}

export interface QueueParts extends Pick<ExportParts, "resource" | "scope" | "log"> {
  readonly queue: QueueInstruments;
  readonly limits: BatchLimits;
  readonly sender: OtlpSender;
}

/** A queue in front of a collector, counted as the SDK counts its own (semantic conventions for SDK metrics). */
export function startBatches(
  item: "span" | "log",
  { resource, scope, log, queue, limits, sender }: QueueParts,
): { batches: OtlpBatches; shutdown: (milliseconds: number) => Promise<void> } {
  const type = `batching_${item}_processor`;
  const labels = [type, `${type}/0`] as const;
  const warn = seldom(log);
  const batches = new OtlpBatches({
    envelope: createEnvelope(resource, scope),
    limits,
    send: sender.send,
    finished: (count, error) => queue.processed.add(count, ...labels, error?.name ?? ""),
    full: (dropped) => warn("telemetry is dropped: its queue is full", { item, dropped }),
  });
  queue.capacity.set(limits.queueSize, ...labels);
  queue.size.watch(() => batches.queued, ...labels);
  const shutdown = async (milliseconds: number) => {
    const lost = await batches.shutdown(milliseconds);
    if (lost > 0) log.warn("telemetry was lost at the end", { item, lost });
    await sender.shutdown();
  };
  return { batches, shutdown };
}
