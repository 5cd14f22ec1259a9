import { type Context, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from "@opentelemetry/api";

/** Context in which a span's children are started. */
export function childContext(span: Span): Context {
  return trace.setSpan(ROOT_CONTEXT, span);
}

/** The SDK would end a span whose start was given by the wall clock, in whole milliseconds: most of ours are shorter. */
export function endNow(span: Span): void {
  span.end(performance.now());
}

export function markFailed(span: Span, message: string | undefined): void {
  span.setStatus(
    message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message },
  );
}
