import type { OpenTraces } from "./open-traces.ts";
import type { EventSink, SpanSink } from "./span-sink.ts";
import type { TailPolicy } from "./tail.ts";

/** What every trace of a process is made with. */
export interface SpanMakers {
  readonly spans: SpanSink;
  /** For events that the conventions want as log records; undefined when logs are not exported. */
  readonly events: EventSink | undefined;
  readonly open: OpenTraces;
  readonly policy: () => TailPolicy;
  /** Hears of a span that could not be told: a bug, which must not cost its request anything. */
  readonly failed: (error: unknown) => void;
}
