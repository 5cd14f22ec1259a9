import { createTraceState } from "@opentelemetry/api";
import type { Redacted } from "../core/redaction.ts";
import { formatTraceparent } from "../core/traceparent.ts";
import type { AssignedRequest, RenderedRequest } from "../domain/chat.ts";
import type { Failure } from "../domain/failure.ts";
import type { GuardrailRecord } from "../domain/guardrail.ts";
import type { RequestRecord, ValidationRecord } from "../domain/record.ts";
import type {
  AttemptFacts,
  AttemptResult,
  AttemptTrace,
  ForwardFacts,
  ForwardTrace,
  RequestTrace,
} from "../domain/trace.ts";
import { key } from "./attribute-key.ts";
import type { OpenEntry, OpenTrace } from "./open-traces.ts";
import { type Found, type Outgoing, ours } from "./outgoing.ts";
import { event, spanName } from "./semconv.ts";
import { type EventSink, noSpans, type SpanHead, type SpanSink, spanKind } from "./span-sink.ts";
import type { SpanTraceParts } from "./span-trace-parts.ts";
import {
  contentOf,
  tellAssignment,
  tellAttempt,
  tellForward,
  tellGuardrail,
  tellRendered,
  tellRequest,
  tellValidation,
} from "./span-values.ts";
import { isKept } from "./tail.ts";

type Tell = (to: SpanSink) => void;

/** A span that has ended and waits for its request to end. */
interface Ended {
  readonly head: SpanHead;
  readonly tell: Tell;
}

/**
 * Holds the facts as they come, which costs next to nothing, and tells them all when the request has ended and is kept.
 * Only then is text redacted and are attributes written: once, into what is sent.
 */
export class SpanTrace implements RequestTrace, OpenTrace {
  readonly traceId: string;
  readonly #parts: SpanTraceParts;
  readonly #spanId: string;
  /** Milliseconds from the monotonic clock to the epoch: one for the whole trace, whose spans so keep their order. */
  readonly #epochMs = Date.now() - performance.now();
  readonly #traceState: Redacted | undefined;
  readonly #outgoing: Outgoing;
  readonly #open: OpenEntry;
  /** Undefined once the trace has been told. */
  #ended: Ended[] | undefined = [];
  /** Where a span goes that ends after its request. */
  #sink: SpanSink = noSpans;
  #assigned: AssignedRequest | undefined;
  #lastAttemptId: string | undefined;
  #redactions = 0;
  #redactionRules: Set<string> | undefined;

  constructor(parts: SpanTraceParts) {
    this.#parts = parts;
    this.traceId = parts.traceId;
    this.#spanId = parts.ids.spanId();
    const { written, writtenMessages } = parts.outgoing;
    this.#outgoing = {
      ours,
      written: (text) => written(text, this.#count),
      writtenMessages: (messages, policy) => writtenMessages(messages, policy, this.#count),
    };
    const traceState = parts.tracestate && createTraceState(parts.tracestate).serialize();
    this.#traceState = this.#outgoing.written(traceState || undefined);
    this.#open = parts.makers.open.add(this);
  }

  readonly #count = ({ count, rules }: Found): void => {
    this.#redactions += count;
    this.#redactionRules ??= new Set();
    for (const rule of rules) this.#redactionRules.add(rule);
  };

  get traceresponse(): string {
    return this.#traceparent(this.#spanId);
  }

  assigned(request: AssignedRequest, startedAt: number): void {
    const { experiment, assignment } = request;
    if (experiment === undefined || assignment === undefined) return;
    this.#assigned = request;
    this.#step(spanName.assign, startedAt, (to) =>
      tellAssignment(to, this.#outgoing, { request, as: "span" }),
    );
    this.#log(event.flagEvaluation, (to) => tellAssignment(to, this.#outgoing, { request, as: "event" }));
  }

  rendered(
    request: AssignedRequest | RenderedRequest,
    startedAt: number,
    failure: Failure | undefined,
  ): void {
    const file = request.plan.prompt?.file;
    if (file === undefined) return;
    this.#step(spanName.render(file.name), startedAt, (to) => {
      tellRendered(to, this.#outgoing, { file, failureCode: failure?.code });
      if (failure !== undefined) to.failed(this.#messageOf(failure));
    });
  }

  attempt(facts: AttemptFacts): AttemptTrace {
    const call = this.#call();
    const linkedId = this.#lastAttemptId;
    this.#lastAttemptId = call.spanId;
    return {
      headers: this.#headersOf(call.spanId),
      end: (result) => this.#try(() => this.#endAttempt(call, { facts, linkedId, result })),
    };
  }

  forward(facts: ForwardFacts): ForwardTrace {
    const call = this.#call();
    return {
      headers: this.#headersOf(call.spanId),
      end: (status, failure) =>
        this.#endCall(call, `${facts.method} ${facts.route}`, (to) => {
          tellForward(to, this.#outgoing, { facts, status, failureCode: failure?.code });
          if (failure !== undefined) to.failed(this.#messageOf(failure));
          else if (status !== undefined && status >= 400) to.failed(undefined);
        }),
    };
  }

  validated(record: ValidationRecord, startedAt: number): void {
    this.#step(spanName.validate(record.name), startedAt, (to) => {
      tellValidation(to, this.#outgoing, { record, assigned: this.#assigned, as: "span" });
      if (record.result === "fail") to.failed(undefined);
    });
    this.#log(event.evaluationResult, (to) =>
      tellValidation(to, this.#outgoing, { record, assigned: this.#assigned, as: "event" }),
    );
  }

  guarded(record: GuardrailRecord, startedAt: number): void {
    this.#step(spanName.guardrail(record.name), startedAt, (to) => {
      tellGuardrail(to, this.#outgoing, { record, assigned: this.#assigned });
      if (record.verdict === "failed") to.failed(undefined);
    });
  }

  end(record: RequestRecord): void {
    if (this.#ended === undefined) return;
    const { makers, isSampled, parentId, facts } = this.#parts;
    makers.open.delete(this.#open);
    const keeps = isSampled && isKept(record, this.traceId, makers.policy());
    this.#tellEnded(keeps ? makers.spans : noSpans);
    const head = this.#head(spanKind.server, this.#spanId, `${facts.method} ${facts.route}`, facts.startedAt);
    this.#tell(this.#sink, { ...head, parentId, hasRemoteParent: parentId !== undefined }, (to) => {
      this.#tellServer(to, record);
      // Semantic conventions for HTTP: a 4xx is the client's error, not the server's.
      if (record.status >= 500) to.failed(undefined);
    });
  }

  interrupt(): void {
    this.#tellEnded(this.#parts.isSampled ? this.#parts.makers.spans : noSpans);
  }

  #endAttempt(
    call: Call,
    { facts, linkedId, result }: { facts: AttemptFacts; linkedId: string | undefined; result: AttemptResult },
  ): void {
    const { request, target } = facts;
    const outgoing = this.#outgoing;
    const model = outgoing.written(target.model);
    // Now, not when the request ends: the body's bytes are not ours to keep.
    const { content: policy } = this.#parts;
    const content = policy && contentOf(outgoing, policy, { request, choices: result.completion?.choices });
    this.#endCall(call, spanName.attempt(request.body.operation, model ?? ""), (to) => {
      to.text(key.inputMessages, content?.input);
      to.text(key.outputMessages, content?.output);
      tellAttempt(to, outgoing, { facts, result, model, assigned: this.#assigned });
      if (linkedId !== undefined) to.link(linkedId);
      if (result.failure !== undefined) to.failed(this.#messageOf(result.failure));
    });
  }

  #tellServer(to: SpanSink, record: RequestRecord): void {
    const { facts } = this.#parts;
    tellRequest(to, this.#outgoing, { record, assigned: this.#assigned, facts });
    if (this.#redactions === 0) return;
    to.number(key.redactionCount, this.#redactions);
    to.texts(
      key.redactionRules,
      [...(this.#redactionRules ?? [])].map((rule) => ours(rule)),
    );
  }

  /** An upstream's own words may repeat the prompt, and no pattern finds that: they go to the client alone. */
  #messageOf({ code, message, details }: Failure): Redacted | undefined {
    const { written } = this.#outgoing;
    return details.upstreamAnswer === undefined
      ? written(message)
      : ours(`${code} ${details.upstreamAnswer.status}`);
  }

  #call(): Call {
    return { spanId: this.#parts.ids.spanId(), startedAt: performance.now(), hasEnded: false };
  }

  #endCall(call: Call, name: string, tell: Tell): void {
    if (call.hasEnded) return;
    call.hasEnded = true;
    this.#hold(this.#head(spanKind.client, call.spanId, name, call.startedAt), tell);
  }

  /** A step of our own, which ends now. */
  #step(name: string, startedAt: number, tell: Tell): void {
    this.#hold(this.#head(spanKind.internal, this.#parts.ids.spanId(), name, startedAt), tell);
  }

  #head(kind: SpanHead["kind"], spanId: string, name: string, startedAt: number): SpanHead {
    return {
      traceId: this.traceId,
      spanId,
      parentId: this.#spanId,
      hasRemoteParent: false,
      traceState: this.#traceState,
      // Made of our tables, of the configuration and of what is redacted.
      name: ours(name),
      kind,
      startMs: this.#epochMs + startedAt,
      endMs: this.#epochMs + Math.max(startedAt, performance.now()),
    };
  }

  #hold(head: SpanHead, tell: Tell): void {
    if (this.#ended === undefined) this.#tell(this.#sink, head, tell);
    else this.#ended.push({ head, tell });
  }

  #tellEnded(sink: SpanSink): void {
    this.#sink = sink;
    const ended = this.#ended ?? [];
    this.#ended = undefined;
    for (const { head, tell } of ended) this.#tell(sink, head, tell);
  }

  #log(name: string, tell: (to: EventSink) => void): void {
    const { makers, isSampled } = this.#parts;
    if (makers.events === undefined) return;
    const atMs = this.#epochMs + performance.now();
    const span = { traceId: this.traceId, spanId: this.#spanId, isSampled };
    this.#tell(makers.events, { span, severity: undefined, name, atMs }, tell);
  }

  #tell<Head, Sink extends { begin(head: Head): boolean; end(): void }>(
    sink: Sink,
    head: Head,
    tell: (to: Sink) => void,
  ): void {
    this.#try(() => {
      if (!sink.begin(head)) return;
      tell(sink);
      sink.end();
    });
  }

  /** A bug may cost a span, never those behind it. */
  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#parts.makers.failed(error);
    }
  }

  #headersOf(spanId: string): Record<string, string> {
    const { tracestate } = this.#parts;
    const traceparent = this.#traceparent(spanId);
    return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
  }

  #traceparent(spanId: string): string {
    return formatTraceparent({ traceId: this.traceId, spanId, isSampled: this.#parts.isSampled });
  }
}

/** A call to an upstream that is under way. */
interface Call {
  readonly spanId: string;
  readonly startedAt: number;
  hasEnded: boolean;
}
