/** The circuit breaker: opossum keeps the states, we decide what counts and when it opens. */
import { EventEmitter } from "node:events";
import CircuitBreaker from "opossum";
import { FailureWindow } from "../core/failure-window.ts";
import type { Completion, RenderedRequest } from "../domain/chat.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { BreakerConfig } from "../domain/upstream-config.ts";
import type { Policy } from "../pipeline/service.ts";

export type BreakerState = "closed" | "open" | "half_open";

/** What a call taught: the upstream is well, is ill, or nothing (the client hung up, a 400). */
type Lesson = "success" | "failure" | "nothing";

/** What a circuit must know of an answer: how it ends. */
interface Ending {
  readonly completion: Promise<Pick<Completion, "failure">>;
}

/** opossum would start a timer for each circuit; it only counts for itself, so nothing needs to rotate often. */
const rotate = new EventEmitter().setMaxListeners(0);
setInterval(() => rotate.emit("rotate"), 1000).unref();

/**
 * One circuit. A *generation* is one opossum circuit: opening replaces it, so that an answer to a call of an earlier
 * generation reaches a circuit that nobody asks any more and can neither close nor open this one.
 */
export class Breaker {
  readonly #config: BreakerConfig;
  readonly #now: () => number;
  readonly #changed: (state: BreakerState) => void;
  readonly #window: FailureWindow;
  #circuit: CircuitBreaker;
  #openedAt = 0;

  /** `now` gives monotonic milliseconds; `changed` hears of each opening and closing. */
  constructor(config: BreakerConfig, now: () => number, changed: (state: BreakerState) => void = () => {}) {
    this.#config = config;
    this.#now = now;
    this.#changed = changed;
    this.#window = new FailureWindow(config.windowMs);
    this.#circuit = this.#generation("closed");
  }

  get state(): BreakerState {
    if (this.#circuit.opened) return "open";
    return this.#circuit.halfOpen ? "half_open" : "closed";
  }

  /** Milliseconds until a probe is let through; 0 unless open. */
  get retryAfterMs(): number {
    if (this.state !== "open") return 0;
    return Math.max(0, Math.ceil(this.#openedAt + this.#config.openMs - this.#now()));
  }

  /** Resolves and rejects as `action` does, at once; the circuit learns when the answer has ended. Undefined when refused. */
  call<A extends Ending>(action: () => Promise<A>): Promise<A> | undefined {
    const circuit = this.#circuit;
    let answer: Promise<A> | undefined;
    const run = () => {
      answer = action();
      return this.#heed(circuit, answer);
    };
    // A closed circuit lets everybody through, and what counts is counted by us.
    if (circuit.closed) {
      // What an action throws at once, a bug, is the caller's to hear, not that the circuit is open.
      answer = action();
      this.#heed(circuit, answer);
      return answer;
    }
    // A rejection here is either "open", told by `answer` being unset, or the failed probe, which `answer` carries.
    circuit.fire(run).catch(() => {});
    return answer;
  }

  /** Whether these are the limits that it was made with; a reload may have changed them. */
  hasConfig(config: BreakerConfig): boolean {
    return (
      config === this.#config ||
      (config.failureRatio === this.#config.failureRatio &&
        config.minimumCalls === this.#config.minimumCalls &&
        config.windowMs === this.#config.windowMs &&
        config.openMs === this.#config.openMs)
    );
  }

  shutdown(): void {
    this.#circuit.shutdown();
  }

  /** Learns when the answer has ended, unless the circuit has been replaced meanwhile. */
  async #heed(circuit: CircuitBreaker, answer: Promise<Ending>): Promise<void> {
    const lesson = await lessonOf(answer);
    if (circuit === this.#circuit) this.#learn(lesson);
  }

  #learn(lesson: Lesson): void {
    if (this.state === "half_open") {
      // opossum closes on what resolves and opens on what rejects; from a probe that taught nothing it must do neither.
      if (lesson === "nothing") this.#replace("half_open");
      if (lesson === "failure") this.#replace("open");
      if (lesson === "success") this.#changed("closed");
      return;
    }
    if (lesson === "nothing" || this.state === "open") return;
    this.#window.record(lesson === "failure", this.#now());
    if (this.#window.isOver(this.#config, this.#now())) this.#replace("open");
  }

  #replace(state: BreakerState): void {
    this.#window.clear();
    this.#circuit.shutdown();
    this.#circuit = this.#generation(state);
    if (state === "open") this.#changed(state);
  }

  #generation(state: BreakerState): CircuitBreaker {
    if (state === "open") this.#openedAt = this.#now();
    return new CircuitBreaker((run) => run(), {
      // Each of opossum's own limits is off, for it was measured to bite: see docs/decisions/0003.
      timeout: false,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rotateBucketController: rotate,
      errorThresholdPercentage: 100,
      resetTimeout: this.#config.openMs,
      state: { closed: state === "closed", halfOpen: state === "half_open" },
    });
  }
}

async function lessonOf(answer: Promise<Ending>): Promise<Lesson> {
  try {
    const { failure } = await (await answer).completion;
    if (failure === undefined) return "success";
    return failure.rule.blamesUpstream ? "failure" : "nothing";
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.rule.blamesUpstream) return "failure";
    // A 4xx that the request earned shows an upstream that answers.
    return failure.details.upstreamAnswer === undefined ? "nothing" : "success";
  }
}

/** One breaker for each upstream and model, made when first needed. */
export class BreakerBoard {
  static readonly #maxBreakers = 1000;
  readonly #breakers = new Map<
    string,
    { readonly breaker: Breaker; readonly upstream: string; readonly model: string }
  >();
  readonly #now: () => number;
  readonly #changed: (upstream: string, model: string, state: BreakerState) => void;

  constructor(
    now: () => number,
    changed: (upstream: string, model: string, state: BreakerState) => void = () => {},
  ) {
    this.#now = now;
    this.#changed = changed;
  }

  /** Callers may name any model when no experiment does: beyond the limit those share one breaker for the upstream. */
  of(upstream: string, model: string, config: BreakerConfig): Breaker {
    const name =
      this.#breakers.size < BreakerBoard.#maxBreakers || this.#breakers.has(`${upstream}\0${model}`)
        ? model
        : "";
    const key = `${upstream}\0${name}`;
    const known = this.#breakers.get(key);
    if (known?.breaker.hasConfig(config)) return known.breaker;
    known?.breaker.shutdown();
    const breaker = new Breaker(config, this.#now, (state) => this.#changed(upstream, name, state));
    this.#breakers.set(key, { breaker, upstream, model: name });
    return breaker;
  }

  list(): { upstream: string; model: string; state: BreakerState; retryAfterMs: number }[] {
    return [...this.#breakers.values()].map(({ breaker, upstream, model }) => ({
      upstream,
      model,
      state: breaker.state,
      retryAfterMs: breaker.retryAfterMs,
    }));
  }

  shutdown(): void {
    for (const { breaker } of this.#breakers.values()) breaker.shutdown();
    this.#breakers.clear();
  }
}

/** Refuses at once while the target's circuit is open. */
export function breaker<R extends RenderedRequest>(
  board: BreakerBoard,
  configOf: (upstream: string) => BreakerConfig,
): Policy<R> {
  return (next) => (request, context) => {
    const { upstream, model } = request.target;
    const circuit = board.of(upstream, model, configOf(upstream));
    const answer = circuit.call(() => next(request, context));
    if (answer !== undefined) return answer;
    return Promise.reject(
      new Failure(
        "breaker_open",
        `Model "${model}" at upstream "${upstream}" is failing; its circuit is open.`,
        {
          retryAfterMs: Math.max(circuit.retryAfterMs, 1000),
        },
      ),
    );
  };
}
