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
import { type EventExport, exportEvents } from "./event-export.ts";
import { metricPusher, PullReader } from "./metric-readers.ts";
import type { Metrics } from "./metrics.ts";
import { OpenTraces } from "./open-traces.ts";
import type { ExportParts } from "./otlp/start-batches.ts";
import { samplerFromEnvironment } from "./sampler.ts";
import { seldom } from "./seldom.ts";
import { attribute } from "./semconv.ts";
import { isExported } from "./signals.ts";
import { exportSpans, type SpanExport } from "./span-export.ts";
import type { EventSink } from "./span-sink.ts";
import type { TailPolicy } from "./tail.ts";
import type { TracingParts } from "./tracing.ts";

export interface TelemetryOptions {
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly environment: string | undefined;
  readonly tail: () => TailPolicy;
  readonly producer: MetricProducer;
  /** Whether requests are served in this process, and so traced here. */
  readonly servesTraffic: boolean;
  /** Count what waits to leave. */
  readonly queues: Metrics["queues"];
  /** Hears of what cannot be exported, at most once in half a minute. */
  readonly log: Log;
}

export interface Telemetry {
  readonly makers: TracingParts["makers"];
  /** For what no request has brought about; undefined when logs are not exported. */
  readonly events: EventSink | undefined;
  /** Whether requests are traced, here or in the processes that serve them. */
  readonly exportsTraces: boolean;
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
  const [spans, events] = await exportsOf(options, { resource, meters });
  const open = new OpenTraces();
  const isSampled = samplerFromEnvironment();
  const serializer = new PrometheusSerializer();
  return {
    makers: spans && {
      spans: spans.sink,
      events: events?.sink,
      open,
      policy: options.tail,
      isSampled,
      failed: failing(options.log),
    },
    events: events?.sink,
    exportsTraces: isExported("traces"),
    async prometheus() {
      const { resourceMetrics } = await pull.collect();
      return serializer.serialize(resourceMetrics);
    },
    async shutdown(milliseconds) {
      const endsAt = performance.now() + milliseconds;
      open.interrupt();
      // The last metrics tell what was lost of the others.
      const sendMs = (milliseconds * 2) / 3;
      await within(Promise.allSettled([spans?.shutdown(sendMs), events?.shutdown(sendMs)]), sendMs);
      await within(meters.shutdown(), Math.max(0, endsAt - performance.now()));
    },
  };
}

function exportsOf(
  { queues, servesTraffic, serviceVersion, log }: TelemetryOptions,
  parts: Pick<ExportParts, "resource" | "meters">,
): Promise<[SpanExport | undefined, EventExport | undefined]> {
  const all = { ...parts, scope: { name: "assay", version: serviceVersion }, queues, log };
  return Promise.all([servesTraffic ? exportSpans(all) : undefined, exportEvents(all)]);
}

function failing(log: Log): (error: unknown) => void {
  const warn = seldom(log);
  return (error) => warn("a span could not be told", { error });
}

/** The SDK's own voice. */
function listenToSdk(log: Log): void {
  const level = getStringFromEnv("OTEL_LOG_LEVEL");
  if (level !== undefined) {
    diag.setLogger(new DiagConsoleLogger(), diagLogLevelFromString(level));
    return;
  }
  const warn = seldom(log);
  const say = (...words: readonly unknown[]) =>
    warn("telemetry cannot be exported as it should be", { detail: detailOf(words) });
  const nothing = () => {};
  diag.setLogger(
    { error: say, warn: say, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

/** The SDK writes its errors as JSON; their message is what an operator needs. Bodies of answers are left out. */
function detailOf(words: readonly unknown[]): string {
  const text = words
    .filter((word) => typeof word === "string" || word instanceof Error)
    .map(String)
    .join(" ");
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
