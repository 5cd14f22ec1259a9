/** Who asks, and whether they may: known before the body is read, and before there is a trace or a record. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { checkRoute, scopeOfRoute } from "../core/client-key-scope.ts";
import type { Identified, KeyTable } from "../core/client-key-table.ts";
import type { Admitted, KeyLimiter } from "../core/key-limiter.ts";
import type { ClientKey } from "../domain/client-key.ts";
import type { AuthConfig, ServerConfig } from "../domain/config.ts";
import { asFailure, Failure, type FailureCode } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";
import { corsHeaders, type HeaderList, withHeaders } from "./answer-headers.ts";
import { answerEarly } from "./early-answer.ts";
import { errorAnswer } from "./errors.ts";

/** Whoever has come in; without a key where none is asked for. */
export interface Caller {
  readonly key: ClientKey | undefined;
}

/** Gives the caller, or answers that there is none and gives undefined. */
export type CallerOf = (
  request: IncomingMessage,
  response: ServerResponse,
  route: string,
) => Caller | undefined;

export interface AuthParts {
  readonly mode: () => AuthConfig["mode"];
  /** Undefined as long as nobody has told which keys there are. */
  readonly keys: () => KeyTable | undefined;
  readonly limiter: Pick<KeyLimiter, "admit">;
  readonly server: () => ServerConfig;
  readonly requestId: () => string;
  /** Monotonic and epoch milliseconds. */
  readonly now: () => number;
  readonly wallNow: () => number;
  readonly log: Log;
  readonly onRefused: (reason: FailureCode) => void;
}

const anybody: Caller = { key: undefined };

/** A refusal leaves no record: a stranger must not be able to fill the store. */
export function callerOf(parts: AuthParts): CallerOf {
  return (request, response, route) => {
    if (parts.mode() === "open") return anybody;
    let refused: { readonly failure: Failure; readonly headers: HeaderList } | undefined;
    try {
      const key = keyOf(request, parts);
      const name = scopeOfRoute(route, request.method ?? "GET");
      checkRoute(key, name);
      const spends = name !== "outcomes" && name !== "models";
      const admitted = parts.limiter.admit(key, { now: parts.now(), spends });
      if (admitted.kind === "admitted") {
        if (admitted.leave !== undefined) response.on("close", admitted.leave);
        return { key };
      }
      refused = overLimit(key, admitted);
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure.code === "internal_error")
        parts.log.error("a key could not be checked by a fault of ours", { error: failure });
      refused = {
        failure,
        headers: failure.code === "invalid_api_key" ? ["www-authenticate", "Bearer"] : [],
      };
    }
    parts.onRefused(refused.failure.code);
    refuse(request, response, { ...parts, ...refused });
    return undefined;
  };
}

function keyOf({ headers }: IncomingMessage, { keys, wallNow }: AuthParts): ClientKey {
  const table = keys();
  if (table === undefined) {
    const message = "This instance does not know its keys yet; send the request again.";
    throw new Failure("auth_unavailable", message, { retryAfterMs: 1000 });
  }
  const found = table.identify(headers.authorization, wallNow());
  if (found.kind === "known") return found.key;
  throw new Failure("invalid_api_key", whyNot(found));
}

/** An unknown key, a revoked one and a wrong secret are one: the answer must not tell which keys there are. */
function whyNot(found: Exclude<Identified, { kind: "known" }>): string {
  const how = "authorization: Bearer ask_<id>_<secret>";
  if (found.kind === "missing") return `Send a key: ${how}. The operator makes one by: assay keys create`;
  if (found.kind === "malformed") return `This is no key of Assay; send one as ${how}.`;
  if (found.kind === "expired") {
    return `The key has expired at ${new Date(found.at).toISOString()}; ask the operator for another one.`;
  }
  return "The key is not known here, or does not hold any more; ask the operator for another one.";
}

function overLimit(
  { id }: ClientKey,
  over: Exclude<Admitted, { kind: "admitted" }>,
): { readonly failure: Failure; readonly headers: HeaderList } {
  if (over.kind === "budget") {
    const message = `Key ${id} has spent the ${over.limit} that it may spend in a day; the next day begins at 00:00 UTC.`;
    return { failure: new Failure("insufficient_quota", message), headers: [] };
  }
  if (over.kind === "concurrent") {
    const message = `Key ${id} has ${over.limit} requests open, as many as it may (of several workers each has a share); send this one again when one has ended.`;
    return { failure: new Failure("rate_limit_exceeded", message, { retryAfterMs: 1000 }), headers: [] };
  }
  const message = `Key ${id} may send ${over.limit} requests a minute; send this one again after the time of retry-after.`;
  return {
    failure: new Failure("rate_limit_exceeded", message, { retryAfterMs: over.waitMs }),
    headers: [
      "x-ratelimit-limit-requests",
      String(over.limit),
      "x-ratelimit-remaining-requests",
      "0",
      "x-ratelimit-reset-requests",
      durationText(over.resetMs),
    ],
  };
}

/** As OpenAI writes one: `6m0s`, `1.2s`, `20ms`. */
export function durationText(milliseconds: number): string {
  const whole = Math.ceil(milliseconds);
  if (whole < 1000) return `${whole}ms`;
  const seconds = (whole % 60_000) / 1000;
  return whole < 60_000 ? `${seconds}s` : `${Math.floor(whole / 60_000)}m${seconds}s`;
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  facts: AuthParts & { readonly failure: Failure; readonly headers: HeaderList },
): void {
  const { status, headers, bytes } = errorAnswer(facts.failure);
  const { "content-type": _, ...own } = headers;
  const all = withHeaders(
    [
      ...facts.headers,
      "x-request-id",
      facts.requestId(),
      ...corsHeaders(request.headers.origin, facts.server().corsOrigins),
    ],
    own,
  );
  answerEarly(request, response, { status, headers: all, body: bytes.toString("latin1") });
}
