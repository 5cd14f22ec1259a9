/** The export requests of OTLP as plain objects, by the field numbers of opentelemetry-proto 1.x. */
import protobuf from "protobufjs";

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

type Field = readonly [type: string, id: number, rule?: "repeated"];

const message = (fields: Record<string, Field>, oneof?: readonly string[]) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [type, id, rule]]) => [
      name,
      rule ? { type, id, rule } : { type, id },
    ]),
  ),
  ...(oneof === undefined ? {} : { oneofs: { value: { oneof: [...oneof] } } }),
});

/** The parts of opentelemetry-proto 1.x (trace, metrics, logs, common, resource) that the tests read, by field number. */
const proto = protobuf.Root.fromJSON({
  nested: {
    Traces: message({ resourceSpans: ["ResourceSpans", 1, "repeated"] }),
    ResourceSpans: message({ resource: ["Resource", 1], scopes: ["ScopeSpans", 2, "repeated"] }),
    ScopeSpans: message({ spans: ["Span", 2, "repeated"] }),
    Span: message({
      traceId: ["bytes", 1],
      spanId: ["bytes", 2],
      traceState: ["string", 3],
      parentSpanId: ["bytes", 4],
      name: ["string", 5],
      kind: ["int32", 6],
      start: ["fixed64", 7],
      end: ["fixed64", 8],
      attributes: ["KeyValue", 9, "repeated"],
      events: ["Event", 11, "repeated"],
      links: ["Link", 13, "repeated"],
      status: ["Status", 15],
    }),
    Event: message({ name: ["string", 2] }),
    Link: message({ traceId: ["bytes", 1], spanId: ["bytes", 2] }),
    Status: message({ message: ["string", 2], code: ["int32", 3] }),
    Metrics: message({ resourceMetrics: ["ResourceMetrics", 1, "repeated"] }),
    ResourceMetrics: message({ resource: ["Resource", 1], scopes: ["ScopeMetrics", 2, "repeated"] }),
    ScopeMetrics: message({ metrics: ["Metric", 2, "repeated"] }),
    Metric: message({
      name: ["string", 1],
      unit: ["string", 3],
      gauge: ["Points", 5],
      sum: ["Points", 7],
      histogram: ["Histogram", 9],
    }),
    Points: message({ points: ["Point", 1, "repeated"] }),
    Point: message({
      asDouble: ["double", 4],
      asInt: ["sfixed64", 6],
      attributes: ["KeyValue", 7, "repeated"],
    }),
    Histogram: message({ points: ["HistogramPoint", 1, "repeated"] }),
    HistogramPoint: message({
      count: ["fixed64", 4],
      sum: ["double", 5],
      bucketCounts: ["fixed64", 6, "repeated"],
      bounds: ["double", 7, "repeated"],
      attributes: ["KeyValue", 9, "repeated"],
    }),
    Logs: message({ resourceLogs: ["ResourceLogs", 1, "repeated"] }),
    ResourceLogs: message({ scopes: ["ScopeLogs", 2, "repeated"] }),
    ScopeLogs: message({ records: ["LogRecord", 2, "repeated"] }),
    LogRecord: message({
      attributes: ["KeyValue", 6, "repeated"],
      traceId: ["bytes", 9],
      spanId: ["bytes", 10],
      eventName: ["string", 12],
    }),
    Resource: message({ attributes: ["KeyValue", 1, "repeated"] }),
    KeyValue: message({ key: ["string", 1], value: ["AnyValue", 2] }),
    AnyValue: message(
      {
        text: ["string", 1],
        flag: ["bool", 2],
        integer: ["int64", 3],
        number: ["double", 4],
        list: ["ArrayValue", 5],
      },
      ["text", "flag", "integer", "number", "list"],
    ),
    ArrayValue: message({ values: ["AnyValue", 1, "repeated"] }),
  },
});

interface WireValue {
  readonly value?: "text" | "flag" | "integer" | "number" | "list";
  readonly text: string;
  readonly flag: boolean;
  readonly integer: string;
  readonly number: number;
  readonly list: { readonly values: readonly WireValue[] };
}
type WireAttributes = readonly { readonly key: string; readonly value: WireValue }[];
interface WireScopes<T> {
  readonly resource?: { readonly attributes: WireAttributes };
  readonly scopes: readonly T[];
}

/** Throws when the bytes are not this message. */
function decode<T>(name: string, body: Buffer): T {
  const type = proto.lookupType(name);
  const options = { longs: String, arrays: true, defaults: true, oneofs: true };
  // The shape is the descriptor's, which the callers' types repeat.
  return type.toObject(type.decode(body), options) as T;
}

interface WireSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly traceState: string;
  readonly parentSpanId: Buffer;
  readonly name: string;
  readonly kind: number;
  readonly start: string;
  readonly end: string;
  readonly attributes: WireAttributes;
  readonly events: readonly { readonly name: string }[];
  readonly links: readonly { readonly traceId: Buffer; readonly spanId: Buffer }[];
  readonly status: { readonly message: string; readonly code: number } | null;
}

export function spansIn(body: Buffer): SinkSpan[] {
  type Batch = { readonly resourceSpans: readonly WireScopes<{ readonly spans: readonly WireSpan[] }>[] };
  return decode<Batch>("Traces", body).resourceSpans.flatMap(({ resource, scopes }) =>
    scopes.flatMap(({ spans }) =>
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
    startedAt: BigInt(span.start),
    endedAt: BigInt(span.end),
    attributes: attributesOf(span.attributes),
    links: span.links.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
    events: span.events.map(({ name }) => name),
    resource,
  };
}

export function logsIn(body: Buffer): SinkLog[] {
  interface Wire {
    readonly attributes: WireAttributes;
    readonly traceId: Buffer;
    readonly spanId: Buffer;
    readonly eventName: string;
  }
  type Batch = { readonly resourceLogs: readonly WireScopes<{ readonly records: readonly Wire[] }>[] };
  return decode<Batch>("Logs", body).resourceLogs.flatMap(({ scopes }) =>
    scopes.flatMap(({ records }) =>
      records.map(({ eventName, traceId, spanId, attributes }) => ({
        eventName,
        traceId: hex(traceId),
        spanId: hex(spanId),
        attributes: attributesOf(attributes),
      })),
    ),
  );
}

export function pointsIn(body: Buffer): SinkPoint[] {
  type Batch = {
    readonly resourceMetrics: readonly WireScopes<{ readonly metrics: readonly WireMetric[] }>[];
  };
  return decode<Batch>("Metrics", body).resourceMetrics.flatMap(({ scopes }) =>
    scopes.flatMap(({ metrics }) => metrics.flatMap(sinkPoints)),
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
  readonly bounds: readonly number[];
}
interface WireMetric {
  readonly name: string;
  readonly unit: string;
  readonly gauge: { readonly points: readonly WirePoint[] } | null;
  readonly sum: { readonly points: readonly WirePoint[] } | null;
  readonly histogram: { readonly points: readonly WireHistogramPoint[] } | null;
}

function sinkPoints({ name: metric, unit, gauge, sum, histogram }: WireMetric): SinkPoint[] {
  const kind = gauge === null ? ("sum" as const) : ("gauge" as const);
  const numbers = [...(gauge?.points ?? []), ...(sum?.points ?? [])].map((point) => ({
    metric,
    unit,
    kind,
    attributes: attributesOf(point.attributes),
    value: point.asDouble === 0 ? Number(point.asInt) : point.asDouble,
    count: 0,
    bucketCounts: [],
    bounds: [],
  }));
  const histograms = (histogram?.points ?? []).map((point) => ({
    metric,
    unit,
    kind: "histogram" as const,
    attributes: attributesOf(point.attributes),
    value: point.sum,
    count: Number(point.count),
    bucketCounts: point.bucketCounts.map(Number),
    bounds: point.bounds,
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
    case "integer":
      return Number(value.integer);
    case "list":
      return value.list.values.map(plain);
    case undefined:
      return undefined;
    default:
      return value[value.value];
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
