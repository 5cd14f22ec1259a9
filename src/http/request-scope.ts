/** Opens the context of one request, and writes it down when its last byte has left. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Ids } from "../core/ids.ts";
import { requestRecord } from "../core/request-record.ts";
import type { Completion, Headers, RequestContext } from "../domain/chat.ts";
import type { Revision } from "../domain/config.ts";
import type { Unit } from "../domain/experiment.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { RequestTrace } from "../domain/trace.ts";
import type { Gate } from "./gate.ts";

export interface ScopeParts {
  readonly gate: Gate;
  readonly ids: Ids;
  readonly log: Log;
  readonly revision: () => Revision;
  /** Monotonic and epoch milliseconds. */
  readonly now: () => number;
  readonly wallNow: () => number;
  readonly beginTrace: (facts: {
    readonly method: string;
    readonly route: string;
    readonly path: string;
    readonly requestId: string;
    readonly headers: Headers;
    readonly startedAt: number;
  }) => RequestTrace;
  readonly unitHash: (unit: Unit) => string;
  readonly onEnd: (record: RequestRecord, facts: { readonly route: string; readonly method: string }) => void;
}

export interface RequestScope {
  readonly context: RequestContext;
  readonly headers: Headers;
  /** Tell what is known of the request's model, for the record. */
  describe(facts: { readonly model: string; readonly isStream: boolean }): void;
  /** Tell how it ended, as far as it is known: an answer's completion, or a failure. */
  settle(end: { readonly completion?: Promise<Completion>; readonly failure?: Failure }): void;
}

/** Idempotency keys of late, so that a client's retry is known as one. */
const maxKeys = 10_000;

export function createScopes(
  parts: ScopeParts,
): (request: IncomingMessage, response: ServerResponse, route: string) => RequestScope {
  const keys = new Set<string>();
  return (request, response, route) => {
    const startedAt = parts.now();
    // node's own object: names in lower case, repeated ones joined; only set-cookie is a list, and we never read it.
    const headers = request.headers as Headers;
    const method = request.method ?? "GET";
    const requestId = parts.ids.requestId();
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const context: RequestContext = {
      requestId,
      revision: parts.revision(),
      trace: parts.beginTrace({ method, route, path, requestId, headers, startedAt }),
      startedAt,
      receivedAt: parts.wallNow(),
      isClientRetry: isRetry(headers, keys),
      controller: new AbortController(),
      state: {
        assigned: undefined,
        served: undefined,
        fallback: undefined,
        attempts: [],
        validations: [],
        upstreamMs: 0,
        deadlineAt: Number.POSITIVE_INFINITY,
      },
    };
    return open(parts, { context, headers, response, route, method });
  };
}

function open(
  parts: ScopeParts,
  facts: {
    context: RequestContext;
    headers: Headers;
    response: ServerResponse;
    route: string;
    method: string;
  },
): RequestScope {
  const { context, headers, response, route, method } = facts;
  let model = "";
  let isStream = false;
  let completion: Promise<Completion> | undefined;
  let failure: Failure | undefined;

  response.on("close", async () => {
    const isWhole = response.writableFinished;
    if (!isWhole) context.controller.abort(hungUp());
    try {
      const ended = await completion;
      const cause = failure ?? ended?.failure ?? (isWhole ? undefined : hungUp());
      const unit = context.state.assigned?.assignment?.unit;
      const record = requestRecord(context, {
        status: cause?.code === "client_cancelled" ? cause.status : response.statusCode,
        completion: ended,
        failure: cause,
        requestModel: model,
        isStream,
        latencyMs: parts.now() - context.startedAt,
        unitHash: unit && parts.unitHash(unit),
        ragIndexVersion: headers["x-assay-rag-index-version"],
      });
      parts.onEnd(record, { route, method });
      context.trace.end(record);
    } catch (error) {
      parts.log.error("a request could not be recorded", {
        requestId: context.requestId,
        error: asFailure(error),
      });
    } finally {
      parts.gate.leave(context.controller);
    }
  });

  return {
    context,
    headers,
    describe(known) {
      model = known.model;
      isStream = known.isStream;
    },
    settle(end) {
      completion = end.completion ?? completion;
      failure = end.failure ?? failure;
      if (end.failure?.code === "internal_error") {
        parts.log.error("a request failed by a fault of ours", {
          requestId: context.requestId,
          error: end.failure,
        });
      }
    },
  };
}

function hungUp(): Failure {
  return new Failure("client_cancelled", "The client closed the connection before the answer ended.");
}

function isRetry(headers: Headers, keys: Set<string>): boolean {
  if (Number(headers["x-stainless-retry-count"] ?? 0) > 0) return true;
  const key = headers["idempotency-key"];
  if (key === undefined) return false;
  if (keys.has(key)) return true;
  const [oldest] = keys;
  if (keys.size >= maxKeys && oldest !== undefined) keys.delete(oldest);
  keys.add(key);
  return false;
}
