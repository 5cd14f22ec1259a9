/** The traffic itself: sessions side by side, the requests of each one after the other. */
import type { Random } from "../analysis/random.ts";
import { type Reply, send } from "./simulate-client.ts";
import type { SimulationOptions } from "./simulate-options.ts";
import { type Answered, outcomesOf } from "./simulate-outcomes.ts";
import { drawsFor, type Session, sessionIdOf, unitIdOf, unitKeys } from "./simulate-population.ts";
import type { Poster } from "./simulate-poster.ts";
import { type RequestRules, requestOf } from "./simulate-request.ts";
import type { CountedTally } from "./simulate-tally.ts";
import type { Truth } from "./simulate-truth.ts";

export interface Simulation {
  readonly options: SimulationOptions;
  readonly rules: RequestRules;
  readonly truth: Truth;
  readonly sessions: readonly Session[];
  /** The proxy's address, without `/v1`. */
  readonly base: string;
  /** Headers that let it in. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly poster: Poster;
  readonly tally: CountedTally;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Epoch milliseconds. */
  readonly wallNow: () => number;
  /** Resolves after the time, or when the traffic is to stop. */
  readonly pause: (ms: number) => Promise<unknown>;
  /** No request begins once it is aborted; those that have begun are waited for. */
  readonly stop: AbortController;
}

/** Resolves when the last answer has come. A proxy that is gone for good ends it. */
export async function runTraffic(simulation: Simulation): Promise<void> {
  const { options, sessions, stop, poster } = simulation;
  const isDue = pacer(simulation);
  let next = 0;
  const visit = async () => {
    for (let at = next++; at < sessions.length && !stop.signal.aborted; at = next++) {
      const session = sessions[at];
      if (session !== undefined) await runSession(simulation, session, isDue);
    }
  };
  const flushing = setInterval(poster.flush, flushEveryMs);
  try {
    await Promise.all(Array.from({ length: Math.min(options.concurrency, sessions.length) }, visit));
    await poster.finish();
  } finally {
    clearInterval(flushing);
  }
}

const flushEveryMs = 500;
const mostUnreachable = 50;

async function runSession(
  simulation: Simulation,
  session: Session,
  isDue: () => Promise<unknown>,
): Promise<void> {
  const { options, tally, stop, pause } = simulation;
  for (let index = 0; index < session.requests; index++) {
    const request = session.firstRequest + index;
    const random = drawsFor(options.seed, "request", session.user, request);
    if (index > 0 && options.thinkMs > 0) await pause(random.exponential(options.thinkMs));
    await isDue();
    if (stop.signal.aborted) return;
    await runRequest(simulation, { session, request, random });
    if (tally.unreachableInARow >= mostUnreachable) stop.abort();
  }
}

interface Turn {
  readonly session: Session;
  /** Among those of the user. */
  readonly request: number;
  readonly random: Random;
}

async function runRequest(simulation: Simulation, { session, request, random }: Turn): Promise<void> {
  const { options, rules, tally, base, credentials, now } = simulation;
  const { unit, predict } = rules.experiment;
  const unitId = unitIdOf(unit, options.seed, session);
  const sessionId = sessionIdOf(options.seed, session);
  const number = session.user * maxRequests + request;
  const simulated = requestOf(rules, { unitId, sessionId, number }, random);
  const reply = await send(simulated, { base, credentials, now, predictionPath: predict?.predictionPath });
  tally.count(reply, unitId ?? reply.requestId ?? String(number));
  const answered = answeredOf(reply, { unitType: unit, unitId, sessionId, at: simulation.wallNow() });
  if (answered !== undefined) giveOutcomes(simulation, answered, { session, request, random });
}

/** Numbers of one user's requests stay below it, in all likelihood by far: those of two users differ. */
const maxRequests = 10_000;

function answeredOf(
  reply: Reply,
  whose: Pick<Answered, "unitType" | "unitId" | "sessionId" | "at">,
): Answered | undefined {
  const { result, requestId, variantId, assignment, prediction } = reply;
  if (result !== "answered" || requestId === undefined) return undefined;
  // A variant that a fallback or a kill chose has no effect: only whom the split put there feels one.
  return { ...whose, requestId, prediction, variantId: assignment === "split" ? variantId : undefined };
}

function giveOutcomes(simulation: Simulation, answered: Answered, { session, request }: Turn): void {
  const { options, truth, rules, poster } = simulation;
  const { seed } = options;
  const keys = unitKeys(rules.experiment.unit, session, request);
  const dispositions = truth.models.map((model, index) =>
    model.disposition(drawsFor(seed, "disposition", index, ...keys)),
  );
  const outcomes = outcomesOf(answered, { truth, rate: options.outcomeRate, dispositions }, (index) =>
    drawsFor(seed, "outcomes", index, session.user, request),
  );
  for (const outcome of outcomes) poster.add(outcome);
}

/** Turns at most `rate` a second, in the order of the calls. */
function pacer({ options: { rate }, now, pause }: Simulation): () => Promise<unknown> {
  if (rate === undefined) return () => Promise.resolve();
  let dueAt = now();
  return () => {
    dueAt = Math.max(dueAt + 1000 / rate, now());
    return pause(Math.max(0, dueAt - now()));
  };
}
