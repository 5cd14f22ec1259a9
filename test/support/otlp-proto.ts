/** The definition of OTLP, as far as the tests read it: opentelemetry-proto 1.x (trace, metrics, logs, common, resource). */
import protobuf from "protobufjs";

type Fields = Readonly<Record<string, readonly [type: string, id: number, rule?: "repeated"]>>;

/** Of spans and log records, every field that one of ours or of the SDK's may have; of metrics, those that are looked at. */
const messages: Readonly<Record<string, Fields>> = {
  ExportTraceServiceRequest: { resourceSpans: ["ResourceSpans", 1, "repeated"] },
  ResourceSpans: {
    resource: ["Resource", 1],
    scopeSpans: ["ScopeSpans", 2, "repeated"],
    schemaUrl: ["string", 3],
  },
  ScopeSpans: { scope: ["Scope", 1], spans: ["Span", 2, "repeated"], schemaUrl: ["string", 3] },
  Span: {
    traceId: ["bytes", 1],
    spanId: ["bytes", 2],
    traceState: ["string", 3],
    parentSpanId: ["bytes", 4],
    name: ["string", 5],
    kind: ["int32", 6],
    startTimeUnixNano: ["fixed64", 7],
    endTimeUnixNano: ["fixed64", 8],
    attributes: ["KeyValue", 9, "repeated"],
    droppedAttributesCount: ["uint32", 10],
    events: ["Event", 11, "repeated"],
    droppedEventsCount: ["uint32", 12],
    links: ["Link", 13, "repeated"],
    droppedLinksCount: ["uint32", 14],
    status: ["Status", 15],
    flags: ["fixed32", 16],
  },
  Event: { name: ["string", 2] },
  Link: {
    traceId: ["bytes", 1],
    spanId: ["bytes", 2],
    traceState: ["string", 3],
    attributes: ["KeyValue", 4, "repeated"],
    droppedAttributesCount: ["uint32", 5],
    flags: ["fixed32", 6],
  },
  Status: { message: ["string", 2], code: ["int32", 3] },

  ExportLogsServiceRequest: { resourceLogs: ["ResourceLogs", 1, "repeated"] },
  ResourceLogs: {
    resource: ["Resource", 1],
    scopeLogs: ["ScopeLogs", 2, "repeated"],
    schemaUrl: ["string", 3],
  },
  ScopeLogs: { scope: ["Scope", 1], logRecords: ["LogRecord", 2, "repeated"], schemaUrl: ["string", 3] },
  LogRecord: {
    timeUnixNano: ["fixed64", 1],
    severityNumber: ["int32", 2],
    severityText: ["string", 3],
    body: ["AnyValue", 5],
    attributes: ["KeyValue", 6, "repeated"],
    droppedAttributesCount: ["uint32", 7],
    flags: ["fixed32", 8],
    traceId: ["bytes", 9],
    spanId: ["bytes", 10],
    observedTimeUnixNano: ["fixed64", 11],
    eventName: ["string", 12],
  },

  ExportMetricsServiceRequest: { resourceMetrics: ["ResourceMetrics", 1, "repeated"] },
  ResourceMetrics: { resource: ["Resource", 1], scopeMetrics: ["ScopeMetrics", 2, "repeated"] },
  ScopeMetrics: { scope: ["Scope", 1], metrics: ["Metric", 2, "repeated"] },
  Metric: {
    name: ["string", 1],
    unit: ["string", 3],
    gauge: ["Numbers", 5],
    sum: ["Numbers", 7],
    histogram: ["Histogram", 9],
  },
  /** Gauge and Sum, which differ in what is not looked at. */
  Numbers: { dataPoints: ["NumberDataPoint", 1, "repeated"] },
  NumberDataPoint: {
    asDouble: ["double", 4],
    asInt: ["sfixed64", 6],
    attributes: ["KeyValue", 7, "repeated"],
  },
  Histogram: { dataPoints: ["HistogramDataPoint", 1, "repeated"] },
  HistogramDataPoint: {
    count: ["fixed64", 4],
    sum: ["double", 5],
    bucketCounts: ["fixed64", 6, "repeated"],
    explicitBounds: ["double", 7, "repeated"],
    attributes: ["KeyValue", 9, "repeated"],
  },

  Resource: { attributes: ["KeyValue", 1, "repeated"], droppedAttributesCount: ["uint32", 2] },
  Scope: { name: ["string", 1], version: ["string", 2] },
  KeyValue: { key: ["string", 1], value: ["AnyValue", 2] },
  AnyValue: {
    stringValue: ["string", 1],
    boolValue: ["bool", 2],
    intValue: ["int64", 3],
    doubleValue: ["double", 4],
    arrayValue: ["ArrayValue", 5],
  },
  ArrayValue: { values: ["AnyValue", 1, "repeated"] },
};

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(messages).map(([name, fields]) => [
      name,
      {
        fields: Object.fromEntries(
          Object.entries(fields).map(([field, [type, id, rule]]) => [
            field,
            rule ? { type, id, rule } : { type, id },
          ]),
        ),
        ...(name === "AnyValue" ? { oneofs: { value: { oneof: Object.keys(fields) } } } : {}),
      },
    ]),
  ),
});

export type Export = "ExportTraceServiceRequest" | "ExportLogsServiceRequest" | "ExportMetricsServiceRequest";

/** The message as a plain object with all its defaults; integers of 64 bits are strings. Throws for other bytes. */
export function decodeOtlp(message: Export, bytes: Uint8Array): unknown {
  const type = root.lookupType(message);
  return type.toObject(type.decode(bytes), { longs: String, arrays: true, defaults: true, oneofs: true });
}
