/** Holds a request's spans until its SERVER span ends, then keeps or drops them together. */
import { type Context, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan, Span, SpanProcessor } from "@opentelemetry/sdk-trace";
import { attribute } from "./semconv.ts";

export interface TailPolicy {
  /** Share of the traces without any incident that is kept, 0 to 1. */
  readonly keepRatio: number;
  readonly keepSlowerThanMs: number;
}

/** A request that never ends must not hold its spans for ever: the oldest give way. */
const maxHeldRequests = 10_000;

export class TailKeeper implements SpanProcessor {
  readonly #next: SpanProcessor;
  readonly #policy: () => TailPolicy;
  /** By the span id of the request's SERVER span, which is the parent of all its others. */
  readonly #held = new Map<string, ReadableSpan[]>();
  /**
   * Decisions of late, for attempts that end after their request. Two generations and no deletions: a Map that loses its
   * oldest entry at every turn looks past all it has lost before it finds the next.
   */
  #decided = new Map<string, boolean>();
  #decidedBefore = new Map<string, boolean>();

  constructor(next: SpanProcessor, policy: () => TailPolicy) {
    this.#next = next;
    this.#policy = policy;
  }

  onStart(span: Span, context: Context): void {
    this.#next.onStart(span, context);
  }

  onEnd(span: ReadableSpan): void {
    if (span.kind === SpanKind.SERVER) this.#decide(span);
    else this.#hold(span);
  }

  forceFlush(): Promise<void> {
    return this.#next.forceFlush();
  }

  shutdown(): Promise<void> {
    // What has not been decided is kept: an interrupted request is an incident.
    for (const spans of this.#held.values()) for (const span of spans) this.#next.onEnd(span);
    this.#held.clear();
    return this.#next.shutdown();
  }

  #hold(span: ReadableSpan): void {
    const request = span.parentSpanContext?.spanId ?? "";
    const decision = this.#decided.get(request) ?? this.#decidedBefore.get(request);
    if (decision !== undefined) {
      if (decision) this.#next.onEnd(span);
      return;
    }
    const spans = this.#held.get(request);
    if (spans !== undefined) {
      spans.push(span);
      return;
    }
    const [oldest] = this.#held.keys();
    if (this.#held.size >= maxHeldRequests && oldest !== undefined) this.#held.delete(oldest);
    this.#held.set(request, [span]);
  }

  #decide(server: ReadableSpan): void {
    const request = server.spanContext().spanId;
    const children = this.#held.get(request) ?? [];
    this.#held.delete(request);
    const isKept = isIncident(server, this.#policy()) || isInShare(server, this.#policy().keepRatio);
    if (this.#decided.size >= maxHeldRequests) {
      this.#decidedBefore = this.#decided;
      this.#decided = new Map();
    }
    this.#decided.set(request, isKept);
    if (!isKept) return;
    for (const span of children) this.#next.onEnd(span);
    this.#next.onEnd(server);
  }
}

/** Errors, fallbacks, refusals, invalid output, retries and slow requests. */
function isIncident({ attributes, status }: ReadableSpan, policy: TailPolicy): boolean {
  // Also a 5xx that was only passed through: no failure of ours, so its outcome says nothing of it.
  if (status.code === SpanStatusCode.ERROR) return true;
  const outcome = attributes[attribute.outcome];
  if (outcome !== undefined && outcome !== "success") return true;
  if (attributes[attribute.fallbackUsed] === true || attributes[attribute.validationResult] === "fail")
    return true;
  if ((attributes[attribute.safetyOutcome] ?? "pass") !== "pass") return true;
  if (Number(attributes[attribute.attemptNumber] ?? 1) > 1) return true;
  return Number(attributes[attribute.latencyMs] ?? 0) > policy.keepSlowerThanMs;
}

/** By the trace id, as TraceIdRatioBased does it: every service of a trace that samples so keeps the same ones. */
function isInShare(span: ReadableSpan, ratio: number): boolean {
  if (ratio >= 1) return true;
  const { traceId } = span.spanContext();
  let accumulation = 0;
  for (let i = 0; i < 4; i++) accumulation ^= Number.parseInt(traceId.slice(i * 8, i * 8 + 8), 16);
  return accumulation >>> 0 < Math.floor(ratio * 0xffffffff);
}
