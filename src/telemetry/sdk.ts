/** Starts the OpenTelemetry SDK by the standard environment variables; without an endpoint nothing is exported. */
import { DiagConsoleLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { diagLogLevelFromString, getStringFromEnv } from "@opentelemetry/core";
import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { MeterProvider, type MetricProducer } from "@opentelemetry/sdk-metrics";
import { within } from "../core/within.ts";
import type { Log } from "../domain/log.ts";
import { exportEvents } from "./event-export.ts";
import { metricPusher, PullReader } from "./metric-readers.ts";
import { samplerFromEnvironment } from "./sampler.ts";
import { attribute } from "./semconv.ts";
import { exportSpans } from "./span-export.ts";
import { OpenTraces, type TailPolicy } from "./tail.ts";
import type { TracingParts } from "./tracing.ts";

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
  readonly makers: TracingParts["makers"];
  /** Everything as Prometheus text. */
  prometheus(): Promise<string>;
  /** Flushes and ends, within `milliseconds`: the SDK's own shutdown may take ten seconds when the collector is down. */
  shutdown(milliseconds: number): Promise<void>;
}

export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  listenToSdk(options.log);
  const resource = resourceOf(options);
  const pull = new PullReader({ metricProducers: [options.producer] });
  const push = await metricPusher(options.producer);
  const meters = new MeterProvider({ resource, readers: push === undefined ? [pull] : [pull, push] });
  const parts = { resource, scope: { name: "assay", version: options.serviceVersion }, meters };
  const [spans, events] = await Promise.all([exportSpans(parts), exportEvents(parts)]);
  const open = new OpenTraces();
  const isSampled = samplerFromEnvironment();
  const serializer = new PrometheusSerializer();
  return {
    makers: spans && { spans: spans.sink, events: events?.sink, open, policy: options.tail, isSampled },
    async prometheus() {
      const { resourceMetrics } = await pull.collect();
      return serializer.serialize(resourceMetrics);
    },
    async shutdown(milliseconds) {
      open.interrupt();
      const ends = [spans?.shutdown(), events?.shutdown(), meters.shutdown()];
      await within(Promise.allSettled(ends), milliseconds);
    },
  };
}

const quietMs = 30_000;

/** The SDK's own voice. A collector that is down is reported with every batch: that is no news. */
function listenToSdk(log: Log): void {
  const level = getStringFromEnv("OTEL_LOG_LEVEL");
  if (level !== undefined) {
    diag.setLogger(new DiagConsoleLogger(), diagLogLevelFromString(level));
    return;
  }
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
