import type { Resource } from "@opentelemetry/resources";
import { attributeKey } from "../attribute-key.ts";
import { ours } from "../outgoing.ts";
import { OtlpAttributes } from "./otlp-attributes.ts";
import { ProtobufWriter, varintBytes } from "./protobuf-writer.ts";

export interface Scope {
  readonly name: string;
  readonly version: string;
}

/** What stands before the items of an export request: who speaks, and how long each message around them is. */
export interface Envelope {
  /** It is never longer. */
  readonly maxBytes: number;
  /** For so many bytes of items, each with its tag and its length. */
  before(itemsBytes: number): Uint8Array;
}

/**
 * The same for traces and for logs: ExportTraceServiceRequest { ResourceSpans { Resource, ScopeSpans { Scope, Span… } } },
 * and so ExportLogsServiceRequest. Fields may come in any order: all that is not an item comes first.
 */
export function createEnvelope(resource: Resource, scope: Scope): Envelope {
  const resourceField = resourceBytes(resource);
  const scopeField = scopeBytes(scope);
  const writer = new ProtobufWriter();
  return {
    maxBytes: resourceField.length + scopeField.length + 12,
    before(itemsBytes) {
      const inner = scopeField.length + itemsBytes;
      writer.moveTo(0);
      writer.byte(0x0a);
      writer.varint(resourceField.length + 1 + varintBytes(inner) + inner);
      writer.raw(resourceField);
      writer.byte(0x12);
      writer.varint(inner);
      writer.raw(scopeField);
      return writer.view(0, writer.length);
    },
  };
}

/** The resource, and its schema where it has one. */
function resourceBytes({ attributes, schemaUrl }: Resource): Uint8Array {
  const writer = new ProtobufWriter();
  const resource = writer.open(0x0a);
  const limits = {
    attributeCount: Number.POSITIVE_INFINITY,
    valueLength: Number.POSITIVE_INFINITY,
    linkCount: 0,
  };
  const sink = new OtlpAttributes(0x0a, limits, writer);
  for (const [name, value] of Object.entries(attributes)) {
    const key = attributeKey(name);
    // The operator's words, and the SDK's: the configuration, OTEL_RESOURCE_ATTRIBUTES, an id of the process.
    if (typeof value === "number") sink.number(key, value);
    else if (typeof value === "boolean") sink.flag(key, value);
    else if (typeof value === "string") sink.text(key, ours(value));
  }
  writer.close(resource);
  if (schemaUrl !== undefined) writer.text(0x1a, schemaUrl);
  return writer.view(0, writer.length);
}

function scopeBytes({ name, version }: Scope): Uint8Array {
  const writer = new ProtobufWriter();
  const scope = writer.open(0x0a);
  writer.text(0x0a, name);
  writer.text(0x12, version);
  writer.close(scope);
  return writer.view(0, writer.length);
}
