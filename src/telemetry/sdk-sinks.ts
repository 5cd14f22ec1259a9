/** Spans and events as the SDK's own objects, for its exporters (gRPC, JSON, console): slow, and the same facts. */
import {
  type Attributes,
  createTraceState,
  type HrTime,
  type Link,
  type Logger,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { Redacted } from "../core/redaction.ts";
import type { AttributeGroup } from "./attribute-group.ts";
import type { AttributeKey } from "./attribute-key.ts";
import type { Limits } from "./limits.ts";
import {
  type AttributeSink,
  type EventHead,
  type EventSink,
  type SpanHead,
  type SpanSink,
  severity,
  spanKind,
} from "./span-sink.ts";

class SdkAttributes implements AttributeSink {
  readonly #limits: Limits;
  protected attributes: Attributes = {};
  protected dropped = 0;
  #count = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  protected clear(): void {
    this.attributes = {};
    this.dropped = 0;
    this.#count = 0;
  }

  text(key: AttributeKey, value: Redacted | undefined): void {
    if (value !== undefined) this.#set(key, this.#cut(value));
  }

  texts(key: AttributeKey, values: readonly Redacted[]): void {
    this.#set(
      key,
      values.map((value) => this.#cut(value)),
    );
  }

  number(key: AttributeKey, value: number | undefined): void {
    if (value !== undefined) this.#set(key, value);
  }

  flag(key: AttributeKey, value: boolean | undefined): void {
    if (value !== undefined) this.#set(key, value);
  }

  group({ tell }: AttributeGroup): void {
    tell(this);
  }

  #set(key: AttributeKey, value: string | string[] | number | boolean): void {
    if (this.#count >= this.#limits.attributeCount) {
      this.dropped += 1;
      return;
    }
    this.#count += 1;
    this.attributes[key.name] = value;
  }

  #cut(value: string): string {
    return value.slice(0, this.#limits.valueLength);
  }
}

export interface SdkSpanParts {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly limits: Limits;
  readonly take: (span: ReadableSpan) => void;
}

export class SdkSpans extends SdkAttributes implements SpanSink {
  readonly #parts: SdkSpanParts;
  #head: SpanHead | undefined;
  #links: Link[] = [];
  #status: SpanStatus = { code: SpanStatusCode.UNSET };

  constructor(parts: SdkSpanParts) {
    super(parts.limits);
    this.#parts = parts;
  }

  begin(head: SpanHead): boolean {
    this.clear();
    this.#head = head;
    this.#links = [];
    this.#status = { code: SpanStatusCode.UNSET };
    return true;
  }

  link(spanId: string): void {
    if (this.#head !== undefined) this.#links.push({ context: contextOf(this.#head, spanId) });
  }

  failed(message: Redacted | undefined): void {
    this.#status = { code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) };
  }

  end(): void {
    const head = this.#head;
    if (head === undefined) return;
    const { resource, scope, limits, take } = this.#parts;
    const context = contextOf(head, head.spanId);
    const startTime = hrTimeOf(head.startMs);
    const endTime = hrTimeOf(head.endMs);
    take({
      name: head.name,
      kind: kinds[head.kind],
      spanContext: () => context,
      ...(head.parentId === undefined
        ? {}
        : { parentSpanContext: { ...contextOf(head, head.parentId), isRemote: head.hasRemoteParent } }),
      startTime,
      endTime,
      duration: hrTimeOf(head.endMs - head.startMs),
      ended: true,
      status: this.#status,
      attributes: this.attributes,
      droppedAttributesCount: this.dropped,
      links: this.#links.slice(0, limits.linkCount),
      droppedLinksCount: Math.max(0, this.#links.length - limits.linkCount),
      events: [],
      droppedEventsCount: 0,
      resource,
      instrumentationScope: scope,
    });
  }
}

export class SdkEvents extends SdkAttributes implements EventSink {
  readonly #logger: Logger;
  #head: EventHead | undefined;

  /** The limits are the logger's own. */
  constructor(logger: Logger) {
    super({ attributeCount: Number.POSITIVE_INFINITY, valueLength: Number.POSITIVE_INFINITY, linkCount: 0 });
    this.#logger = logger;
  }

  begin(head: EventHead): boolean {
    this.clear();
    this.#head = head;
    return true;
  }

  end(): void {
    if (this.#head === undefined) return;
    const { span, severity: level, name, atMs } = this.#head;
    const time = hrTimeOf(atMs);
    this.#logger.emit({
      eventName: name,
      attributes: this.attributes,
      timestamp: time,
      observedTimestamp: time,
      ...(level === undefined ? {} : { severityNumber: severity[level], severityText: level.toUpperCase() }),
      context: span === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, eventContext(span)),
    });
  }
}

const kinds = {
  [spanKind.internal]: SpanKind.INTERNAL,
  [spanKind.server]: SpanKind.SERVER,
  [spanKind.client]: SpanKind.CLIENT,
};

function eventContext({ traceId, spanId, isSampled }: NonNullable<EventHead["span"]>): SpanContext {
  return { traceId, spanId, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE };
}

/** Of what is told the trace is sampled. */
function contextOf({ traceId, traceState }: SpanHead, spanId: string): SpanContext {
  return {
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    ...(traceState === undefined ? {} : { traceState: createTraceState(traceState) }),
  };
}

/** The same nanoseconds as OtlpSpans writes: the nearest that a number holds. */
function hrTimeOf(milliseconds: number): HrTime {
  const nanoseconds = milliseconds * 1e6;
  const seconds = Math.floor(nanoseconds / 1e9);
  return [seconds, nanoseconds - seconds * 1e9];
}
