import { redactedRecord } from "../core/redacted-record.ts";
import { requestRecord } from "../core/request-record.ts";
import type { AssignedRequest, RequestContext } from "../domain/chat.ts";
import type { Unit } from "../domain/experiment.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { Policy } from "../pipeline/service.ts";

export interface ExposeParts {
  /** `store.durability` is `strict`. */
  readonly isStrict: (context: RequestContext) => boolean;
  /** Resolves when it is durable. Rejects `store_unavailable`. */
  readonly expose: (record: RequestRecord) => Promise<void>;
  readonly unitHash: (unit: Pick<Unit, "type" | "id">) => string;
  readonly redact: (text: string) => string;
}

/**
 * Makes the exposure durable before the first byte of its answer, while the upstream is already at work: whatever a unit has
 * met is known, also after a crash. An exposure that cannot be kept is not served.
 */
export function expose(parts: ExposeParts): Policy<AssignedRequest> {
  return (next) => (request, context) => {
    if (request.assignment?.isExposed !== true || !parts.isStrict(context)) return next(request, context);
    const kept = parts.expose(exposureOf(request, context, parts));
    // Heard of below; without this a request that fails first would leave a rejection that nobody hears.
    kept.catch(() => {});
    return next(request, context).then(async (answer) => {
      await kept;
      return answer;
    });
  };
}

/** The record as far as it is known when the variant is. */
function exposureOf(request: AssignedRequest, context: RequestContext, parts: ExposeParts): RequestRecord {
  const { assignment, body } = request;
  const session = assignment?.sessionId;
  const record = requestRecord(context, {
    status: 0,
    completion: undefined,
    failure: undefined,
    requestModel: body.model,
    isStream: body.isStream,
    latencyMs: 0,
    unitHash: assignment?.unit && parts.unitHash(assignment.unit),
    sessionHash: session === undefined ? undefined : parts.unitHash({ type: "session", id: session }),
    ragIndexVersion: undefined,
    isClientRetry: false,
  });
  return redactedRecord(record, parts.redact);
}
