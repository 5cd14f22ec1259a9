import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerConfig } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { Admission, RefusalReason } from "./admission.ts";
import { corsHeaders } from "./answer-headers.ts";
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

/**
 * A longer body is not worth reading for the sake of its connection. A shorter one is: node throws away what comes of it,
 * and a refusal that closes costs three times as much (75 µs against 25 µs).
 */
const keptBodyBytes = 64 * 1024;
/** What is left of a refused body gets this long. */
const bodyMs = 30_000;

function refuseEarly(
  request: IncomingMessage,
  response: ServerResponse,
  { random, server, requestId, body }: DoorParts & { readonly body: string },
): void {
  const { "content-length": length = "0", "transfer-encoding": encoding, origin } = request.headers;
  response.shouldKeepAlive &&= encoding === undefined && Number(length) <= keptBodyBytes;
  // Whoever lets its body trickle in must not hold the connection by it.
  const timer = setTimeout(() => request.destroy(), bodyMs).unref();
  request.on("close", () => clearTimeout(timer));
  // Spread over a second: those who were refused together must not come back together.
  const retryAfterMs = 1000 + Math.ceil(random() * 1000);
  response.sendDate = false;
  // A list and a string are a fifth cheaper here than an object and a buffer.
  response.writeHead(503, [
    "content-type",
    "application/json",
    "content-length",
    String(body.length),
    "retry-after",
    String(Math.ceil(retryAfterMs / 1000)),
    "retry-after-ms",
    String(retryAfterMs),
    "x-request-id",
    requestId(),
    ...corsHeaders(origin, server().corsOrigins),
  ]);
  response.end(body, "latin1");
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
