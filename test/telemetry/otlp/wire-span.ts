/** Every field of opentelemetry.proto.trace.v1 (opentelemetry-proto 1.x) that a span of ours may have, by its number. */
import protobuf from "protobufjs";

type Fields = Readonly<Record<string, readonly [type: string, id: number, rule?: "repeated"]>>;

const messages: Readonly<Record<string, Fields>> = {
  Request: { resourceSpans: ["ResourceSpans", 1, "repeated"] },
  ResourceSpans: {
    resource: ["Resource", 1],
    scopeSpans: ["ScopeSpans", 2, "repeated"],
    schemaUrl: ["string", 3],
  },
  Resource: { attributes: ["KeyValue", 1, "repeated"], droppedAttributesCount: ["uint32", 2] },
  ScopeSpans: { scope: ["Scope", 1], spans: ["Span", 2, "repeated"], schemaUrl: ["string", 3] },
  Scope: { name: ["string", 1], version: ["string", 2] },
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
    droppedEventsCount: ["uint32", 12],
    links: ["Link", 13, "repeated"],
    droppedLinksCount: ["uint32", 14],
    status: ["Status", 15],
    flags: ["fixed32", 16],
  },
  Link: {
    traceId: ["bytes", 1],
    spanId: ["bytes", 2],
    traceState: ["string", 3],
    droppedAttributesCount: ["uint32", 5],
    flags: ["fixed32", 6],
  },
  Status: { message: ["string", 2], code: ["int32", 3] },
  LogsRequest: { resourceLogs: ["ResourceLogs", 1, "repeated"] },
  ResourceLogs: {
    resource: ["Resource", 1],
    scopeLogs: ["ScopeLogs", 2, "repeated"],
    schemaUrl: ["string", 3],
  },
  ScopeLogs: { scope: ["Scope", 1], records: ["LogRecord", 2, "repeated"], schemaUrl: ["string", 3] },
  LogRecord: {
    timeUnixNano: ["fixed64", 1],
    attributes: ["KeyValue", 6, "repeated"],
    droppedAttributesCount: ["uint32", 7],
    flags: ["fixed32", 8],
    traceId: ["bytes", 9],
    spanId: ["bytes", 10],
    eventName: ["string", 12],
  },
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

const proto = protobuf.Root.fromJSON({
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

/**
 * The message as a plain object with all its defaults, attributes in the order of their keys; no status is the unset one.
 * Throws for other bytes.
 */
export function decoded(message: "Request" | "LogsRequest", bytes: Uint8Array): unknown {
  const type = proto.lookupType(message);
  const options = { longs: String, bytes: String, arrays: true, defaults: true, oneofs: true };
  return sorted(type.toObject(type.decode(bytes), options));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.every(isKeyValue) ? items.toSorted((a, b) => (a.key < b.key ? -1 : 1)) : items;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      name === "status" && item === null ? { message: "", code: 0 } : sorted(item),
    ]),
  );
}

function isKeyValue(item: unknown): item is { key: string } {
  return typeof item === "object" && item !== null && "key" in item;
}
