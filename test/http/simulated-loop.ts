/** An event loop in virtual time, with the costs of requests for its only work: what libuv does, without a machine's moods. */
import { createRandom } from "../../src/analysis/random.ts";

/** Milliseconds of work. */
export const costMs = { request: 0.2, answer: 0.15, refusal: 0.036 };
/** Requests a second that fill the loop. */
export const capacity: number = 1000 / (costMs.request + costMs.answer);

interface Door {
  refusal(): string | undefined;
}

export interface Flow {
  readonly perSecond: number;
  readonly seconds: number;
  /** Of the upstream. */
  readonly upstreamMs: number;
  /** A task that takes this long stands at this time. */
  readonly stall?: { readonly atMs: number; readonly ms: number };
}

export interface Passed {
  readonly arrivedAt: number;
  readonly ms: number;
}

export interface Outcome {
  readonly accepted: readonly Passed[];
  readonly refused: readonly Passed[];
  /** The end of each turn, and how long it took. */
  readonly turns: readonly { readonly at: number; readonly ms: number }[];
}

interface Timer {
  readonly dueAt: number;
  readonly run: () => void;
}

interface Work {
  readonly readyAt: number;
  readonly run: () => void;
}

/** What libuv takes from one call of epoll, and how often it asks for more before it turns to timers. */
const batch = 1024;
const rounds = 48;

export class SimulatedLoop {
  now = 0;
  active = 0;
  #timers: Timer[] = [];
  /** In order of time, both: the upstream takes as long for each. */
  #arrivals: Work[] = [];
  #answers: Work[] = [];

  /** In place of node's. */
  setTimeout(run: () => void, ms: number): { unref(): void } {
    this.#timers.push({ dueAt: this.now + ms, run });
    return { unref: () => {} };
  }

  /** Sends a flow of requests through the door, to the last. */
  run(door: Door, flow: Flow): Outcome {
    const accepted: Passed[] = [];
    const refused: Passed[] = [];
    const turns: { at: number; ms: number }[] = [];
    const { exponential } = createRandom(3);
    const answer = (arrivedAt: number) => () => {
      this.now += costMs.answer;
      this.active -= 1;
      accepted.push({ arrivedAt, ms: this.now - arrivedAt - flow.upstreamMs });
    };
    const arrive = (arrivedAt: number) => () => {
      if (door.refusal() === undefined) {
        this.now += costMs.request;
        this.active += 1;
        this.#answers.push({ readyAt: this.now + flow.upstreamMs, run: answer(arrivedAt) });
      } else {
        this.now += costMs.refusal;
        refused.push({ arrivedAt, ms: this.now - arrivedAt });
      }
    };
    for (let at = 0; at < flow.seconds * 1000; at += exponential(1000 / flow.perSecond))
      this.#arrivals.push({ readyAt: at, run: arrive(at) });
    const { stall } = flow;
    if (stall !== undefined) {
      const run = () => {
        this.now += stall.ms;
      };
      this.#arrivals.push({ readyAt: stall.atMs, run });
      this.#arrivals.sort((one, other) => one.readyAt - other.readyAt);
    }
    while (this.#arrivals.length + this.#answers.length > 0) turns.push(this.#turn());
    return { accepted, refused, turns };
  }

  #turn(): { at: number; ms: number } {
    const nextAt = Math.min(...this.#timers.map(({ dueAt }) => dueAt), this.#nextWorkAt());
    this.now = Math.max(this.now, nextAt);
    const startedAt = this.now;
    const due = this.#timers.filter(({ dueAt }) => dueAt <= this.now);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { run } of due) run();
    for (let round = 0; round < rounds; round++) if (this.#poll() < batch) break;
    return { at: this.now, ms: this.now - startedAt };
  }

  #nextWorkAt(): number {
    const [arrival, answer] = [this.#arrivals[0], this.#answers[0]];
    return Math.min(
      arrival?.readyAt ?? Number.POSITIVE_INFINITY,
      answer?.readyAt ?? Number.POSITIVE_INFINITY,
    );
  }

  /** All that is ready now, in the order in which it became so. */
  #poll(): number {
    const isReady = ({ readyAt }: Work) => readyAt <= this.now;
    const ready = [...taken(this.#arrivals, isReady), ...taken(this.#answers, isReady)]
      .toSorted((one, other) => one.readyAt - other.readyAt)
      .slice(0, batch);
    const last = ready.at(-1)?.readyAt ?? Number.NEGATIVE_INFINITY;
    // What found no room in this batch stays where it was.
    const isTaken = ({ readyAt }: Work) => readyAt <= last;
    this.#arrivals.splice(0, taken(this.#arrivals, isTaken).length);
    this.#answers.splice(0, taken(this.#answers, isTaken).length);
    for (const { run } of ready) run();
    return ready.length;
  }
}

function taken(queue: readonly Work[], is: (work: Work) => boolean): readonly Work[] {
  const end = queue.findIndex((work) => !is(work));
  return end === -1 ? queue : queue.slice(0, end);
}
