/** Opens the context of one request, and writes it down when its last byte has left. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Canceller } from "../core/canceller.ts";
import type { Ids } from "../core/ids.ts";
import { requestRecord } from "../core/request-record.ts";
import { RetryMemory } from "../core/retry-memory.ts";
import type { Choice, Completion, Headers, RenderedRequest, RequestContext } from "../domain/chat.ts";
import type { Revision } from "../domain/config.ts";
import type { Unit } from "../domain/experiment.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { RequestTrace } from "../domain/trace.ts";
import type { Caller } from "./auth.ts";
import type { Gate } from "./gate.ts";
import { pathOf } from "./own-route.ts";

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
  readonly unitHash: (unit: Pick<Unit, "type" | "id">) => string;
  readonly onEnd: (record: RequestRecord, facts: EndFacts) => void;
}

export interface EndFacts {
  readonly route: string;
  readonly method: string;
  /** The request that the answer came from, where one was sent, and what was answered. */
  readonly served: RenderedRequest | undefined;
  readonly choices: readonly Choice[];
}

export interface RequestScope {
  readonly context: RequestContext;
  readonly headers: Headers;
  /** Tell what is known of the request's model, for the record. */
  describe(facts: { readonly model: string; readonly isStream: boolean }): void;
  /** Tell how it ended, as far as it is known: an answer's completion, a failure, or neither. Every handler must, once. */
  settle(end: { readonly completion?: Promise<Completion>; readonly failure?: Failure }): void;
}

export function createScopes(
  parts: ScopeParts,
): (
  request: IncomingMessage,
  response: ServerResponse,
  facts: { readonly route: string; readonly caller: Caller },
) => RequestScope {
  const retries = new RetryMemory();
  return (request, response, { route, caller }) => {
    const startedAt = parts.now();
    // node's own object: names in lower case, repeated ones joined; only set-cookie is a list, and we never read it.
    const headers = request.headers as Headers;
    const method = request.method ?? "GET";
    const requestId = parts.ids.requestId();
    const path = pathOf(request);
    const context: RequestContext = {
      requestId,
      revision: parts.revision(),
      clientKeyId: caller.key?.id,
      trace: parts.beginTrace({ method, route, path, requestId, headers, startedAt }),
      startedAt,
      receivedAt: parts.wallNow(),
      controller: new Canceller(),
      state: {
        assigned: undefined,
        served: undefined,
        fallback: undefined,
        attempts: [],
        validations: [],
        guardrails: [],
        blocked: undefined,
        upstreamMs: 0,
        deadlineAt: Number.POSITIVE_INFINITY,
      },
    };
    return open(parts, { context, headers, response, route, method, retries });
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
    retries: RetryMemory;
  },
): RequestScope {
  const { context, headers, response, route, method, retries } = facts;
  let model = "";
  let isStream = false;
  const settled = Promise.withResolvers<void>();
  let completion: Promise<Completion> | undefined;
  let failure: Failure | undefined;
  const logFault = (error: Failure | undefined) => {
    if (error?.code !== "internal_error") return;
    parts.log.error("a request failed by a fault of ours", { requestId: context.requestId, error });
  };

  response.on("close", async () => {
    const latencyMs = parts.now() - context.startedAt;
    const isWhole = response.writableFinished;
    if (!isWhole) context.controller.abort(hungUp());
    try {
      // A client may leave before the policies have heard of it: what they write down belongs to this record.
      await settled.promise;
      const ended = await completion;
      logFault(ended?.failure);
      const cause = failure ?? ended?.failure ?? (isWhole ? undefined : hungUp());
      const assignment = context.state.assigned?.assignment;
      const unitHash = assignment?.unit && parts.unitHash(assignment.unit);
      const sessionId = assignment?.sessionId;
      const record = requestRecord(context, {
        status: cause?.code === "client_cancelled" ? cause.status : response.statusCode,
        completion: ended,
        failure: cause,
        requestModel: model,
        isStream,
        latencyMs,
        unitHash,
        sessionHash: sessionId === undefined ? undefined : parts.unitHash({ type: "session", id: sessionId }),
        ragIndexVersion: headers["x-assay-rag-index-version"],
        isClientRetry: retries.isRetry(headers, assignment, unitHash),
      });
      parts.onEnd(record, { route, method, served: context.state.served, choices: ended?.choices ?? [] });
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
      settled.resolve();
      logFault(end.failure);
    },
  };
}

function hungUp(): Failure {
  return new Failure("client_cancelled", "The client closed the connection before the answer ended.");
}
