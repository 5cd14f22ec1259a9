/** Starts the OpenTelemetry SDK by the standard environment variables; without an endpoint nothing is exported. */
import { DiagLogLevel, diag, type Logger, logs, type Tracer, trace } from "@opentelemetry/api";
import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";
import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import {
  ConsoleMetricExporter,
  MeterProvider,
  type MetricProducer,
  MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  ParentBasedSampler,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace";
import { within } from "../core/within.ts";
import type { Log } from "../domain/log.ts";
import { attribute } from "./semconv.ts";
import { TailKeeper, type TailPolicy } from "./tail.ts";

export interface TelemetryOptions {
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly environment: string | undefined;
  readonly tail: () => TailPolicy;
  readonly producer: MetricProducer;
  /** Hears of what cannot be exported, at most once in half a minute. */
  readonly log: Log;
}

export interface Telemetry {
  readonly makers: { readonly tracer: Tracer; readonly logger: Logger | undefined } | undefined;
  /** Everything as Prometheus text. */
  prometheus(): Promise<string>;
  /** Flushes and ends, within `milliseconds`: the SDK's own shutdown may take ten seconds when the collector is down. */
  shutdown(milliseconds: number): Promise<void>;
}

type Signal = "traces" | "metrics" | "logs";

export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  listenToSdk(options.log);
  const resource = resourceOf(options);
  const pull = new PullReader({ metricProducers: [options.producer] });
  const push = await metricPusher(options.producer);
  const meterProvider = new MeterProvider({ resource, readers: push === undefined ? [pull] : [pull, push] });
  const processor = await spanProcessor(meterProvider, options.tail);
  const hasLogs = isExported("logs");
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    textMapPropagator: null,
    spanProcessors: processor === undefined ? [] : [processor],
    metricReaders: [],
    // Undefined: the SDK makes them by the environment.
    ...(hasLogs ? {} : { logRecordProcessors: [] }),
    // ParentBased alone would drop our spans whenever a caller's flag is off, and with them every error.
    ...(getStringFromEnv("OTEL_TRACES_SAMPLER") === undefined ? { sampler: everything() } : {}),
  });
  sdk.start();
  const serializer = new PrometheusSerializer();
  return {
    makers:
      processor === undefined
        ? undefined
        : {
            tracer: trace.getTracer("assay", options.serviceVersion),
            logger: hasLogs ? logs.getLogger("assay", options.serviceVersion) : undefined,
          },
    async prometheus() {
      const { resourceMetrics } = await pull.collect();
      return serializer.serialize(resourceMetrics);
    },
    shutdown: (milliseconds) => endWithin(milliseconds, [sdk.shutdown(), meterProvider.shutdown()]),
  };
}

const quietMs = 30_000;

/** The SDK's own voice. A collector that is down is reported with every batch: that is no news. */
function listenToSdk(log: Log): void {
  // With OTEL_LOG_LEVEL the SDK speaks to the console by itself.
  if (getStringFromEnv("OTEL_LOG_LEVEL") !== undefined) return;
  let spokenAt = Number.NEGATIVE_INFINITY;
  const say = (message: string) => {
    if (performance.now() - spokenAt < quietMs) return;
    spokenAt = performance.now();
    log.warn("telemetry cannot be exported as it should be", { detail: detailOf(message) });
  };
  const nothing = () => {};
  diag.setLogger(
    { error: say, warn: say, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

/** The SDK writes its errors as JSON; their message is what an operator needs. */
function detailOf(text: string): string {
  const [, message] = /"message":"((?:[^"\\]|\\.)*)"/.exec(text) ?? [];
  return (message ?? text).slice(0, 500);
}

/** The default detectors export `process.command_args`, and with it whatever key stood on the command line. */
function resourceOf(options: TelemetryOptions): Resource {
  const own = resourceFromAttributes({
    [attribute.serviceName]: options.serviceName,
    [attribute.serviceVersion]: options.serviceVersion,
    ...(options.environment === undefined ? {} : { [attribute.environment]: options.environment }),
  });
  const detected = detectResources({ detectors: [envDetector, serviceInstanceIdDetector] });
  return defaultResource().merge(own).merge(detected);
}

function everything(): ParentBasedSampler {
  const always = new AlwaysOnSampler();
  return new ParentBasedSampler({ root: always, remoteParentNotSampled: always });
}

/** On when the signal's exporter is named, or has an endpoint to go to. */
function isExported(signal: Signal): boolean {
  if (getStringFromEnv("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return false;
  const named = getStringListFromEnv(`OTEL_${signal.toUpperCase()}_EXPORTER`);
  if (named !== undefined && named.length > 0) return !named.includes("none");
  const own = getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`);
  return (own ?? getStringFromEnv("OTEL_EXPORTER_OTLP_ENDPOINT")) !== undefined;
}

function protocolOf(signal: Signal): string {
  const own = getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`);
  return own ?? getStringFromEnv("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "http/protobuf";
}

async function spanProcessor(
  meters: MeterProvider,
  tail: () => TailPolicy,
): Promise<SpanProcessor | undefined> {
  if (!isExported("traces")) return undefined;
  const batch = new BatchSpanProcessor({
    exporter: await spanExporter(),
    // 512 spans take about 10 ms of the loop to serialise; more than 30 batches in one flush are refused.
    maxQueueSize: getNumberFromEnv("OTEL_BSP_MAX_QUEUE_SIZE") ?? 8192,
    maxExportBatchSize: getNumberFromEnv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE") ?? 512,
    scheduledDelayMillis: getNumberFromEnv("OTEL_BSP_SCHEDULE_DELAY") ?? 1000,
    exportTimeoutMillis: getNumberFromEnv("OTEL_BSP_EXPORT_TIMEOUT") ?? 10_000,
    selfObsMeterProvider: meters,
  });
  return new TailKeeper(batch, tail);
}

async function spanExporter(): Promise<SpanExporter> {
  if (getStringListFromEnv("OTEL_TRACES_EXPORTER")?.includes("console")) return new ConsoleSpanExporter();
  // Loaded when asked for: gRPC alone takes 100 ms of the start.
  switch (protocolOf("traces")) {
    case "grpc":
      return new (await import("@opentelemetry/exporter-trace-otlp-grpc")).OTLPTraceExporter();
    case "http/json":
      return new (await import("@opentelemetry/exporter-trace-otlp-http")).OTLPTraceExporter();
    default:
      return new (await import("@opentelemetry/exporter-trace-otlp-proto")).OTLPTraceExporter();
  }
}

async function metricPusher(producer: MetricProducer): Promise<MetricReader | undefined> {
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

/** Read when Prometheus asks; it has nothing to push. */
class PullReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

async function endWithin(milliseconds: number, ends: readonly Promise<void>[]): Promise<void> {
  await within(Promise.allSettled(ends), milliseconds);
  // Another telemetry may be started in this process: the SDK's globals are set once and would keep the dead one.
  trace.disable();
  logs.disable();
}
