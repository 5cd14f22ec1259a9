/** The trace of a request as OpenTelemetry spans, made by hand: no context manager, no instrumentation. */
import { type SpanContext, TraceFlags } from "@opentelemetry/api";
import type { Ids } from "../core/ids.ts";
import { formatTraceparent, parseTraceparent, type TraceParent } from "../core/traceparent.ts";
import type { Headers } from "../domain/chat.ts";
import type { TelemetryConfig } from "../domain/config.ts";
import type { RequestTrace } from "../domain/trace.ts";
import type { Outgoing } from "./outgoing.ts";
import type { IsSampled } from "./sampler.ts";
import type { SpanMakers } from "./span-makers.ts";
import { SpanTrace } from "./span-trace.ts";
import type { RequestFacts } from "./span-values.ts";
import { isInShare } from "./tail.ts";

type ContentSettings = Pick<TelemetryConfig, "content" | "contentSample" | "contentMaxChars">;

export interface Tracing {
  begin(facts: RequestFacts): RequestTrace;
}

export interface TracingParts {
  /** Undefined when traces are off: ids still go in and out. */
  readonly makers: (SpanMakers & { readonly isSampled: IsSampled }) | undefined;
  readonly ids: Ids;
  readonly outgoing: Outgoing;
  /** Of messages on attempt spans. */
  readonly content: () => ContentSettings;
}

export function createTracing({ makers, ids, outgoing, content }: TracingParts): Tracing {
  return {
    begin(facts) {
      const parent = parseTraceparent(facts.headers.traceparent);
      if (makers === undefined) return idsOnly(parent, ids, facts);
      const traceId = parent?.traceId ?? ids.traceId();
      const tracestate = tracestateOf(parent, facts.headers);
      return new SpanTrace({
        makers,
        ids,
        outgoing,
        traceId,
        isSampled: makers.isSampled(traceId, parent && remoteContext(parent)),
        parentId: parent?.spanId,
        tracestate,
        facts,
        content: policyOf(content(), traceId),
      });
    },
  };
}

/** Undefined where nothing is to be captured, or the trace is not in the share. */
function policyOf({ content, contentSample, contentMaxChars }: ContentSettings, traceId: string) {
  if (content === "off" || !isInShare(traceId, contentSample)) return undefined;
  return { content, maxChars: contentMaxChars };
}

function remoteContext({ traceId, spanId, isSampled }: TraceParent): SpanContext {
  return { traceId, spanId, isRemote: true, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE };
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
    guarded: nothing,
    end: nothing,
    attempt: pass,
    forward: pass,
  };
}
