/** Who reads the meters: Prometheus when it asks, and OTLP or the console by the standard variables. */
import { getNumberFromEnv, getStringListFromEnv } from "@opentelemetry/core";
import {
  ConsoleMetricExporter,
  type MetricProducer,
  MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { isExported, protocolOf } from "./signals.ts";

/** Read when Prometheus asks; it has nothing to push. */
export class PullReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Undefined when nothing is pushed. */
export async function metricPusher(producer: MetricProducer): Promise<MetricReader | undefined> {
  const named = getStringListFromEnv("OTEL_METRICS_EXPORTER") ?? [];
  // The admin listener always serves Prometheus; there is nothing to push for it.
  const isOnlyPulled = named.length > 0 && named.every((name) => name === "prometheus");
  if (!isExported("metrics") || isOnlyPulled) return undefined;
  const exportIntervalMillis = getNumberFromEnv("OTEL_METRIC_EXPORT_INTERVAL") ?? 60_000;
  const exportTimeoutMillis = getNumberFromEnv("OTEL_METRIC_EXPORT_TIMEOUT") ?? 30_000;
  return new PeriodicExportingMetricReader({
    exporter: await metricExporter(),
    exportIntervalMillis,
    // The reader throws for a timeout that is longer than its interval.
    exportTimeoutMillis: Math.min(exportTimeoutMillis, exportIntervalMillis),
    metricProducers: [producer],
  });
}

async function metricExporter(): Promise<PushMetricExporter> {
  if (getStringListFromEnv("OTEL_METRICS_EXPORTER")?.includes("console")) return new ConsoleMetricExporter();
  switch (protocolOf("metrics")) {
    case "grpc":
      return new (await import("@opentelemetry/exporter-metrics-otlp-grpc")).OTLPMetricExporter();
    case "http/json":
      return new (await import("@opentelemetry/exporter-metrics-otlp-http")).OTLPMetricExporter();
    default:
      return new (await import("@opentelemetry/exporter-metrics-otlp-proto")).OTLPMetricExporter();
  }
}
