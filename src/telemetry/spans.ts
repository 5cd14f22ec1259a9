import { type Context, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from "@opentelemetry/api";

/** Context in which a span's children are started. */
export function childContext(span: Span): Context {
  return trace.setSpan(ROOT_CONTEXT, span);
}

export function markFailed(span: Span, message: string | undefined): void {
  span.setStatus(
    message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message },
  );
}
