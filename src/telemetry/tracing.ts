/** The trace of a request as OpenTelemetry spans, made by hand: no context manager, no instrumentation. */
import {
  createTraceState,
  type Logger,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Ids } from "../core/ids.ts";
import { formatTraceparent, parseTraceparent, type TraceParent } from "../core/traceparent.ts";
import type { Headers } from "../domain/chat.ts";
import type { RequestTrace } from "../domain/trace.ts";
import { attributesOf, type Outgoing } from "./outgoing.ts";
import { attribute } from "./semconv.ts";
import { SpanTrace } from "./span-trace.ts";

export interface RequestFacts {
  readonly method: string;
  readonly route: string;
  readonly path: string;
  readonly requestId: string;
  readonly headers: Headers;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
}

export interface Tracing {
  begin(facts: RequestFacts): RequestTrace;
}

export interface SpanMakers {
  readonly tracer: Tracer;
  /** For events that the conventions want as log records; undefined when logs are not exported. */
  readonly logger: Logger | undefined;
}

export interface TracingParts {
  /** Undefined when traces are off: ids still go in and out. */
  readonly makers: SpanMakers | undefined;
  readonly ids: Ids;
  readonly outgoing: Outgoing;
  /** Messages on attempt spans, redacted. */
  readonly capturesContent: () => boolean;
}

export function createTracing(parts: TracingParts): Tracing {
  const { outgoing } = parts;
  return {
    begin(facts) {
      const parent = parseTraceparent(facts.headers.traceparent);
      if (parts.makers === undefined) return idsOnly(parent, parts.ids, facts);
      const server = startServerSpan(parts.makers.tracer, facts, { parent, outgoing });
      return new SpanTrace({
        ...parts.makers,
        outgoing,
        server,
        tracestate: tracestateOf(parent, facts.headers),
        capturesContent: parts.capturesContent(),
      });
    },
  };
}

function startServerSpan(
  tracer: Tracer,
  facts: RequestFacts,
  { parent, outgoing }: { parent: TraceParent | undefined; outgoing: Outgoing },
): Span {
  return tracer.startSpan(
    `${facts.method} ${facts.route}`,
    {
      kind: SpanKind.SERVER,
      startTime: facts.startedAt,
      attributes: attributesOf({
        [attribute.httpMethod]: outgoing.ours(facts.method),
        [attribute.httpRoute]: outgoing.ours(facts.route),
        [attribute.urlPath]: outgoing.written(readablePath(facts.path)),
        [attribute.urlScheme]: outgoing.ours("http"),
        [attribute.requestId]: outgoing.ours(facts.requestId),
      }),
    },
    parent === undefined
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, remoteContext(parent, facts.headers)),
  );
}

/** Percent-encoded, a secret would pass the redactor unseen. */
function readablePath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

function remoteContext(parent: TraceParent, headers: Headers): SpanContext {
  return {
    traceId: parent.traceId,
    spanId: parent.spanId,
    isRemote: true,
    traceFlags: parent.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    ...(headers.tracestate === undefined ? {} : { traceState: createTraceState(headers.tracestate) }),
  };
}

/** Without a valid traceparent it says nothing, and goes no further (Trace Context, section 3.3). */
function tracestateOf(parent: TraceParent | undefined, headers: Headers): string | undefined {
  return parent === undefined ? undefined : headers.tracestate;
}

/** Traces are off. The ids still pass, so that the client's log, ours and the upstream's can be joined. */
function idsOnly(parent: TraceParent | undefined, ids: Ids, facts: RequestFacts): RequestTrace {
  const traceId = parent?.traceId ?? ids.traceId();
  const isSampled = parent?.isSampled ?? false;
  const tracestate = tracestateOf(parent, facts.headers);
  const nothing = () => {};
  const pass = () => {
    const traceparent = formatTraceparent({ traceId, spanId: ids.spanId(), isSampled });
    return {
      headers: tracestate === undefined ? { traceparent } : { traceparent, tracestate },
      end: nothing,
    };
  };
  return {
    traceId,
    traceresponse: formatTraceparent({ traceId, spanId: ids.spanId(), isSampled }),
    assigned: nothing,
    rendered: nothing,
    validated: nothing,
    end: nothing,
    attempt: pass,
    forward: pass,
  };
}
