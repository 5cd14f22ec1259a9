/** Sends outcomes in batches, and again where the proxy says that it cannot take them now. */
import { isObject } from "../core/chat-completion.ts";
import { causeOf } from "./simulate-client.ts";
import type { OutcomeBody, SimulatedOutcome } from "./simulate-outcomes.ts";

export interface PostedCounts {
  stored: number;
  duplicate: number;
  refused: number;
  /** Why the first one was refused. */
  reason: string | undefined;
}

export interface PosterParts {
  /** The proxy's, without `/v1`. */
  readonly base: string;
  /** Headers that let it in. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly pause: (ms: number) => Promise<unknown>;
}

export interface Poster {
  readonly counts: Readonly<PostedCounts>;
  add(outcome: SimulatedOutcome): void;
  /** Sends what waits for a full batch. */
  flush(): void;
  /** Sends what waits, what is late and what is repeated; resolves when all is answered. */
  finish(): Promise<void>;
}

const batchSize = 50;
const attempts = 4;

export function createPoster(parts: PosterParts): Poster {
  const counts: PostedCounts = { stored: 0, duplicate: 0, refused: 0, reason: undefined };
  const late: OutcomeBody[] = [];
  const repeated: OutcomeBody[] = [];
  const sending = new Set<Promise<void>>();
  let waiting: OutcomeBody[] = [];

  const flush = () => {
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    const sent = post(batch, parts, counts).finally(() => sending.delete(sent));
    sending.add(sent);
  };
  const push = (body: OutcomeBody) => {
    waiting.push(body);
    if (waiting.length >= batchSize) flush();
  };
  const settle = async () => {
    flush();
    await Promise.all(sending);
  };
  return {
    counts,
    flush,
    add: ({ body, isLate, isRepeated }) => {
      if (isRepeated) repeated.push(body);
      if (isLate) late.push(body);
      else push(body);
    },
    finish: async () => {
      for (const body of late) push(body);
      // The first ones must be in before they are repeated, or it is not known which one is the repetition.
      await settle();
      for (const body of repeated) push(body);
      await settle();
    },
  };
}

async function post(batch: readonly OutcomeBody[], parts: PosterParts, counts: PostedCounts): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const answer = await postOnce(batch, parts);
    if (answer.kind === "kept") {
      for (const status of answer.statuses) counts[status] += 1;
      return;
    }
    if (answer.canRetry && attempt < attempts) await parts.pause(250 * 2 ** (attempt - 1));
    else {
      counts.refused += batch.length;
      counts.reason ??= answer.reason;
      return;
    }
  }
}

type Answer =
  | { readonly kind: "kept"; readonly statuses: readonly ("stored" | "duplicate")[] }
  | { readonly kind: "refused"; readonly canRetry: boolean; readonly reason: string };

async function postOnce(batch: readonly OutcomeBody[], { base, credentials }: PosterParts): Promise<Answer> {
  try {
    const response = await fetch(`${base}/v1/outcomes`, {
      method: "POST",
      headers: { "content-type": "application/json", ...credentials },
      body: JSON.stringify(batch),
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok) return { kind: "kept", statuses: statusesIn(body) };
    const error = isObject(body) && isObject(body.error) ? body.error : {};
    const reason = String(error.message ?? `The proxy answered ${response.status}.`);
    return { kind: "refused", canRetry: response.status === 503, reason };
  } catch (thrown) {
    return { kind: "refused", canRetry: true, reason: causeOf(thrown) };
  }
}

function statusesIn(body: unknown): readonly ("stored" | "duplicate")[] {
  const results = isObject(body) && Array.isArray(body.results) ? body.results : [];
  return results.map((one) => (isObject(one) && one.status === "duplicate" ? "duplicate" : "stored"));
}
