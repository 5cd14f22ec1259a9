/** What the user says of an answer afterwards. Answered only once it is durable. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { type OutcomeDraft, parseOutcomes } from "../core/outcome-body.ts";
import { outcomeRecord } from "../core/outcome-record.ts";
import type { RequestContext } from "../domain/chat.ts";
import type { Unit } from "../domain/experiment.ts";
import { Failure } from "../domain/failure.ts";
import type { OutcomeReceipt, OutcomeRecord } from "../domain/outcome.ts";
import { writeJson } from "./answer-headers.ts";
import { ownRoute, type RouteParts } from "./own-route.ts";
import { readBody } from "./read-body.ts";

const outcomesPath = "/v1/outcomes";

export interface OutcomeParts extends RouteParts {
  /** Resolves when all are durable, in their order. Rejects `store_unavailable`. */
  readonly addOutcomes: (outcomes: readonly OutcomeRecord[]) => Promise<readonly OutcomeReceipt[]>;
  /** UUIDv7. */
  readonly outcomeId: () => string;
  readonly unitHash: (unit: Pick<Unit, "type" | "id">) => string;
  readonly redact: (text: string) => string;
}

/** Whether a path is ours, with whatever stands below it: raw ids must not travel on to an upstream. */
export function isOutcomesPath(path: string): boolean {
  return /^\/v1\/(outcomes|feedback)(\/|$)/i.test(path);
}

/** `POST /v1/outcomes`, and its alias `/v1/feedback`. */
export function outcomesRoute(
  parts: OutcomeParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return ownRoute(parts, outcomesPath, async ({ request, response, scope, server, ownHeaders }) => {
    checkRoute(request, response);
    const bytes = await readBody(request, server.maxBodyBytes);
    const { status, body } = await keep(bytes, scope.context, parts);
    scope.settle({});
    writeJson(response, { status, body, headers: ownHeaders() });
  });
}

function checkRoute({ method, url = "" }: IncomingMessage, response: ServerResponse): void {
  if (!/^\/v1\/(outcomes|feedback)\/?(\?|$)/.test(url)) {
    throw new Failure("not_found", `There is no such route; outcomes are posted to ${outcomesPath}.`);
  }
  if (method === "POST") return;
  response.setHeader("allow", "POST, OPTIONS");
  throw new Failure("method_not_allowed", `${method} is not served here; POST outcomes to ${outcomesPath}.`);
}

interface Kept {
  readonly status: number;
  readonly body: unknown;
}

async function keep(bytes: Buffer, context: RequestContext, parts: OutcomeParts): Promise<Kept> {
  const { receivedAt, revision } = context;
  const { metrics, experiments, store } = revision.config;
  const { drafts, isArray } = parseOutcomes(bytes, {
    metrics,
    unitTypes: Object.values(experiments).map(({ unit }) => unit),
    retentionMs: store.retentionMs,
    now: receivedAt,
  });
  const receipts = await parts.addOutcomes(await recordsOf(drafts, { ...parts, receivedAt }));
  const isNew = receipts.some(({ status }) => status === "stored");
  const results = receipts.map(({ outcomeId, status }) => ({ outcome_id: outcomeId, status }));
  return { status: isNew ? 202 : 200, body: isArray ? { results } : results[0] };
}

/** Comments are redacted, which takes its time: others get their turn in between. */
async function recordsOf(
  drafts: readonly OutcomeDraft[],
  makers: Parameters<typeof outcomeRecord>[1],
): Promise<readonly OutcomeRecord[]> {
  const records: OutcomeRecord[] = [];
  for (const draft of drafts) {
    records.push(outcomeRecord(draft, makers));
    if (records.length % draftsATurn === 0) await setImmediate();
  }
  return records;
}

const draftsATurn = 10;
