import type { Ids } from "../core/ids.ts";
import type { ContentPolicy, Outgoing } from "./outgoing.ts";
import type { SpanMakers } from "./span-makers.ts";
import type { RequestFacts } from "./span-values.ts";

/** What the trace of one request is made of. */
export interface SpanTraceParts {
  readonly makers: SpanMakers;
  readonly ids: Ids;
  readonly outgoing: Outgoing;
  readonly traceId: string;
  readonly isSampled: boolean;
  /** The client's span. */
  readonly parentId: string | undefined;
  /** As it came, for the upstream. */
  readonly tracestate: string | undefined;
  readonly facts: RequestFacts;
  /** Undefined for none. */
  readonly content: ContentPolicy | undefined;
}
