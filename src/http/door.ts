import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerConfig } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { Admission, RefusalReason } from "./admission.ts";
import { corsHeaders } from "./answer-headers.ts";
import { answerEarly } from "./early-answer.ts";
import { errorBytes } from "./errors.ts";

interface DoorParts {
  readonly admission: Pick<Admission, "refusal">;
  readonly server: () => ServerConfig;
  readonly requestId: () => string;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly onRefused: (reason: RefusalReason) => void;
}

/**
 * Answers 503 `overloaded` where there is no room, and says whether it did. The body is not read, there is no trace and no
 * record: the less a refusal costs, the more is left for those inside.
 */
export function door(parts: DoorParts): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const reason = parts.admission.refusal();
    if (reason === undefined) return false;
    parts.onRefused(reason);
    refuseEarly(request, response, { ...parts, body: bodies[reason] });
    return true;
  };
}

function refuseEarly(
  request: IncomingMessage,
  response: ServerResponse,
  { random, server, requestId, body }: DoorParts & { readonly body: string },
): void {
  // Spread over a second: those who were refused together must not come back together.
  const retryAfterMs = 1000 + Math.ceil(random() * 1000);
  const headers = [
    "retry-after",
    String(Math.ceil(retryAfterMs / 1000)),
    "retry-after-ms",
    String(retryAfterMs),
    "x-request-id",
    requestId(),
    ...corsHeaders(request.headers.origin, server().corsOrigins),
  ];
  answerEarly(request, response, { status: 503, headers, body });
}

const bodies: Readonly<Record<RefusalReason, string>> = {
  requests: bodyOf(
    "As many requests are open as server.limits.requests allows this process (of several workers each has a share); send this one again after the time of retry-after.",
  ),
  loop_delay: bodyOf(
    "This instance has more work than it can do in time; send the request again after the time of retry-after.",
  ),
};

/** ASCII: as many characters as bytes. */
function bodyOf(message: string): string {
  return errorBytes(new Failure("overloaded", message)).toString("latin1");
}
