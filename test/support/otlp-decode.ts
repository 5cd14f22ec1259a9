/** The export requests of OTLP as what the tests ask of them. */
import { decodeOtlp } from "./otlp-proto.ts";

export type AttributeValue = string | number | boolean | readonly AttributeValue[] | undefined;
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface SinkSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: "INTERNAL" | "SERVER" | "CLIENT" | "OTHER";
  readonly status: "UNSET" | "OK" | "ERROR";
  readonly statusMessage: string;
  readonly traceState: string;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly attributes: Attributes;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly events: readonly string[];
  readonly resource: Attributes;
}

export interface SinkLog {
  readonly eventName: string;
  /** OTLP's number; 0 without one. */
  readonly severity: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

export interface SinkPoint {
  readonly metric: string;
  readonly unit: string;
  readonly kind: "sum" | "gauge" | "histogram";
  readonly attributes: Attributes;
  /** Of a histogram, the sum. */
  readonly value: number;
  readonly count: number;
  readonly bucketCounts: readonly number[];
  readonly bounds: readonly number[];
}

interface WireValue {
  readonly value?: "stringValue" | "boolValue" | "intValue" | "doubleValue" | "arrayValue";
  readonly stringValue: string;
  readonly boolValue: boolean;
  readonly intValue: string;
  readonly doubleValue: number;
  readonly arrayValue: { readonly values: readonly WireValue[] };
}
type WireAttributes = readonly { readonly key: string; readonly value: WireValue }[];
interface OfResource {
  readonly resource: { readonly attributes: WireAttributes } | null;
}

interface WireSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly traceState: string;
  readonly parentSpanId: Buffer;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: WireAttributes;
  readonly events: readonly { readonly name: string }[];
  readonly links: readonly { readonly traceId: Buffer; readonly spanId: Buffer }[];
  readonly status: { readonly message: string; readonly code: number } | null;
}

export function spansIn(body: Buffer): SinkSpan[] {
  // Parse boundary, here and below: the shape is the descriptor's.
  const { resourceSpans } = decodeOtlp("ExportTraceServiceRequest", body) as {
    readonly resourceSpans: readonly (OfResource & {
      readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
    })[];
  };
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => sinkSpan(span, attributesOf(resource?.attributes ?? []))),
    ),
  );
}

function sinkSpan(span: WireSpan, resource: Attributes): SinkSpan {
  const kinds = ["OTHER", "INTERNAL", "SERVER", "CLIENT"] as const;
  const statuses = ["UNSET", "OK", "ERROR"] as const;
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentId: hex(span.parentSpanId),
    name: span.name,
    kind: kinds[span.kind] ?? "OTHER",
    status: statuses[span.status?.code ?? 0] ?? "UNSET",
    statusMessage: span.status?.message ?? "",
    traceState: span.traceState,
    startedAt: BigInt(span.startTimeUnixNano),
    endedAt: BigInt(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes),
    links: span.links.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
    events: span.events.map(({ name }) => name),
    resource,
  };
}

interface WireRecord {
  readonly attributes: WireAttributes;
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly eventName: string;
  readonly severityNumber: number;
}

export function logsIn(body: Buffer): SinkLog[] {
  const { resourceLogs } = decodeOtlp("ExportLogsServiceRequest", body) as {
    readonly resourceLogs: readonly {
      readonly scopeLogs: readonly { readonly logRecords: readonly WireRecord[] }[];
    }[];
  };
  return resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ eventName, severityNumber, traceId, spanId, attributes }) => ({
        eventName,
        severity: severityNumber,
        traceId: hex(traceId),
        spanId: hex(spanId),
        attributes: attributesOf(attributes),
      })),
    ),
  );
}

export function pointsIn(body: Buffer): SinkPoint[] {
  const { resourceMetrics } = decodeOtlp("ExportMetricsServiceRequest", body) as {
    readonly resourceMetrics: readonly {
      readonly scopeMetrics: readonly { readonly metrics: readonly WireMetric[] }[];
    }[];
  };
  return resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) => metrics.flatMap(sinkPoints)),
  );
}

interface WirePoint {
  readonly attributes: WireAttributes;
  readonly asDouble: number;
  readonly asInt: string;
}
interface WireHistogramPoint {
  readonly attributes: WireAttributes;
  readonly count: string;
  readonly sum: number;
  readonly bucketCounts: readonly string[];
  readonly explicitBounds: readonly number[];
}
interface WireMetric {
  readonly name: string;
  readonly unit: string;
  readonly gauge: { readonly dataPoints: readonly WirePoint[] } | null;
  readonly sum: { readonly dataPoints: readonly WirePoint[] } | null;
  readonly histogram: { readonly dataPoints: readonly WireHistogramPoint[] } | null;
}

function sinkPoints({ name: metric, unit, gauge, sum, histogram }: WireMetric): SinkPoint[] {
  const kind = gauge === null ? ("sum" as const) : ("gauge" as const);
  const numbers = [...(gauge?.dataPoints ?? []), ...(sum?.dataPoints ?? [])].map((point) => ({
    metric,
    unit,
    kind,
    attributes: attributesOf(point.attributes),
    value: point.asDouble === 0 ? Number(point.asInt) : point.asDouble,
    count: 0,
    bucketCounts: [],
    bounds: [],
  }));
  const histograms = (histogram?.dataPoints ?? []).map((point) => ({
    metric,
    unit,
    kind: "histogram" as const,
    attributes: attributesOf(point.attributes),
    value: point.sum,
    count: Number(point.count),
    bucketCounts: point.bucketCounts.map(Number),
    bounds: point.explicitBounds,
  }));
  return [...numbers, ...histograms];
}

function attributesOf(list: WireAttributes): Attributes {
  const keys = list.map(({ key }) => key);
  // OTLP forbids it, and each collector makes something else of it.
  if (new Set(keys).size < keys.length) throw new Error(`an attribute comes twice: ${keys.toSorted()}`);
  return Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: WireValue): AttributeValue {
  switch (value.value) {
    case "intValue":
      return Number(value.intValue);
    case "arrayValue":
      return value.arrayValue.values.map(plain);
    case undefined:
      return undefined;
    default:
      return value[value.value];
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
