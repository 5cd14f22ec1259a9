/** What spans and events are told to: OTLP's bytes, or the objects of the SDK. */
import type { Redacted } from "../core/redaction.ts";
import type { AttributeGroup } from "./attribute-group.ts";
import type { AttributeKey } from "./attribute-key.ts";

/** Takes the attributes of what has begun; a key comes once. An absent fact is an absent attribute. */
export interface AttributeSink {
  text(key: AttributeKey, value: Redacted | undefined): void;
  texts(key: AttributeKey, values: readonly Redacted[]): void;
  number(key: AttributeKey, value: number | undefined): void;
  flag(key: AttributeKey, value: boolean | undefined): void;
  group(group: AttributeGroup): void;
}

/** As OTLP numbers them. */
export const spanKind = { internal: 1, server: 2, client: 3 } as const;

export interface SpanHead {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly parentId: string | undefined;
  /** The parent is the client's span, not one of ours. */
  readonly hasRemoteParent: boolean;
  readonly traceState: Redacted | undefined;
  readonly name: Redacted;
  readonly kind: (typeof spanKind)[keyof typeof spanKind];
  /** Milliseconds since the epoch, with their fraction. */
  readonly startMs: number;
  readonly endMs: number;
}

/** One span after the other: `begin`, what it has, `end`. */
export interface SpanSink extends AttributeSink {
  /** False when it cannot be taken: it has been counted, and nothing may follow. */
  begin(head: SpanHead): boolean;
  /** A link to another span of the same trace. */
  link(spanId: string): void;
  failed(message: Redacted | undefined): void;
  end(): void;
}

/** As OTLP numbers them. */
export const severity = { info: 9, warn: 13 } as const;

export interface EventHead {
  /** The span that it belongs to; undefined for what no request has brought about. */
  readonly span:
    | { readonly traceId: string; readonly spanId: string; readonly isSampled: boolean }
    | undefined;
  readonly severity: keyof typeof severity | undefined;
  readonly name: string;
  /** Milliseconds since the epoch, with their fraction. */
  readonly atMs: number;
}

/** Events that the conventions want as log records. */
export interface EventSink extends AttributeSink {
  /** False when it cannot be taken: it has been counted, and nothing may follow. */
  begin(head: EventHead): boolean;
  end(): void;
}

/** Where the spans of a trace go that is not kept: its texts have been looked through all the same, and are counted. */
export const noSpans: SpanSink = {
  begin: () => true,
  text: () => {},
  texts: () => {},
  number: () => {},
  flag: () => {},
  // Nothing in a group is redacted only when it is told.
  group: () => {},
  link: () => {},
  failed: () => {},
  end: () => {},
};
