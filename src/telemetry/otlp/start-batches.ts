import type { MeterProvider } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { BatchLimits } from "../batch-limits.ts";
import { OtlpBatches } from "./otlp-batches.ts";
import { createEnvelope, type Scope } from "./otlp-envelope.ts";
import type { OtlpSender } from "./otlp-sender.ts";

/** What every exporter needs. */
export interface ExportParts {
  readonly resource: Resource;
  readonly scope: Scope;
  readonly meters: MeterProvider;
}

/**
 * A queue in front of a collector, observed as the SDK observes its own: `otel.sdk.processor.{item}.processed`,
 * `.queue.size` and `.queue.capacity` (semantic conventions for SDK metrics).
 */
export function startBatches(
  item: "span" | "log",
  {
    resource,
    scope,
    meters,
    limits,
    sender,
  }: ExportParts & { readonly limits: BatchLimits; readonly sender: OtlpSender },
): { batches: OtlpBatches; shutdown: () => Promise<void> } {
  const type = `batching_${item}_processor`;
  const attributes = { "otel.component.type": type, "otel.component.name": `${type}/0` };
  const meter = meters.getMeter("assay");
  const unit = `{${item === "span" ? "span" : "log_record"}}`;
  const name = (what: string) => `otel.sdk.processor.${item}.${what}`;
  const processed = meter.createCounter(name("processed"), {
    unit,
    description: "Items that are done with: sent, or lost and by what.",
  });
  const capacity = meter.createUpDownCounter(name("queue.capacity"), {
    unit,
    description: "Items that the queue can hold.",
  });
  capacity.add(limits.queueSize, attributes);
  const size = meter.createObservableUpDownCounter(name("queue.size"), {
    unit,
    description: "Items in the queue.",
  });
  const batches = new OtlpBatches({
    envelope: createEnvelope(resource, scope),
    limits,
    send: sender.send,
    finished: (count, error) =>
      processed.add(count, error === undefined ? attributes : { ...attributes, "error.type": error.name }),
  });
  size.addCallback((result) => result.observe(batches.queued, attributes));
  const shutdown = async () => {
    try {
      await batches.shutdown();
    } finally {
      await sender.shutdown();
    }
  };
  return { batches, shutdown };
}
