/** Users of a service in which a ramp runs, and what becomes of their requests. */
import type { Random } from "../../src/analysis/random.ts";
import { factFlags, type RequestFact } from "../../src/domain/store.ts";
import { ownRate } from "../statistics/traffic.ts";

/** How one arm serves. */
export interface ArmNature {
  /** Chance that a request fails. */
  readonly failure: number;
  readonly medianLatencyMs: number;
}

export interface World {
  /** Of two requests of one user: in failure, and in the logarithm of latency. */
  readonly icc: number;
  readonly users: number;
  /** Of all users together, exposed or not. */
  readonly requestsPerMinute: number;
  readonly control: ArmNature;
  readonly treatment: ArmNature;
  /** Both arms fail so often, and take five times as long. */
  readonly outage?: { readonly fromMinute: number; readonly toMinute: number; readonly failure: number };
  /** Nobody asks any more from here on. */
  readonly silentFromMinute?: number;
  readonly lookMs: number;
  readonly longestMinutes: number;
}

/** Of the logarithm of latency: a p95 of 2.3 times the median. */
const latencySigma = 0.5;

interface User {
  readonly isTreatment: boolean;
  /** Of its own requests, outage or not. */
  readonly failure: number;
  readonly speed: number;
}

export class Population {
  readonly #random: Random;
  readonly #world: World;
  readonly #users: readonly User[];
  #row = 0;

  constructor(random: Random, world: World) {
    this.#random = random;
    this.#world = world;
    // In the order in which a ramp lets them in.
    this.#users = Array.from({ length: world.users }, () => {
      const isTreatment = random.bernoulli(0.5);
      const { failure } = isTreatment ? world.treatment : world.control;
      return {
        isTreatment,
        failure: ownRate(random, failure, world.icc),
        speed: random.normal(0, Math.sqrt(world.icc)),
      };
    });
  }

  /** Requests of exposed users from `from` to `to`, with each arm at this share. */
  *requests(asked: {
    readonly from: number;
    readonly to: number;
    readonly share: number;
    readonly phase: string;
    readonly begin: number;
  }): Generator<RequestFact> {
    const { from, to, share, phase, begin } = asked;
    const exposed = Math.floor(2 * share * this.#world.users);
    const minute = (from - begin) / 60_000;
    if (exposed === 0 || minute >= (this.#world.silentFromMinute ?? Number.POSITIVE_INFINITY)) return;
    const mean = (2 * share * this.#world.requestsPerMinute * (to - from)) / 60_000;
    const count = this.#random.poisson(mean);
    for (let i = 0; i < count; i++) {
      yield this.#request(this.#random.integer(exposed), {
        receivedAt: from + ((to - from) * i) / count,
        phase,
        minute,
      });
    }
  }

  #request(
    index: number,
    {
      receivedAt,
      phase,
      minute,
    }: { readonly receivedAt: number; readonly phase: string; readonly minute: number },
  ): RequestFact {
    const random = this.#random;
    const { outage, control, treatment, icc } = this.#world;
    const user = this.#users[index] ?? { isTreatment: false, failure: 0, speed: 0 };
    const isOut = outage !== undefined && minute >= outage.fromMinute && minute < outage.toMinute;
    const hasFailed = random.bernoulli(isOut ? Math.max(outage.failure, user.failure) : user.failure);
    const { medianLatencyMs } = user.isTreatment ? treatment : control;
    const z = user.speed + Math.sqrt(1 - icc) * random.normal();
    const id = user.isTreatment ? "candidate" : "control";
    return {
      row: ++this.#row,
      receivedAt,
      unit: index + 1,
      session: 0,
      phase,
      assigned: id,
      served: id,
      flags: factFlags.exposed | (hasFailed ? factFlags.error : factFlags.success),
      latencyMs: (isOut ? 5 : 1) * medianLatencyMs * Math.exp(latencySigma * z),
      firstChunkMs: undefined,
      inputTokens: undefined,
      outputTokens: undefined,
      cachedTokens: undefined,
      costUsd: undefined,
      responseModel: undefined,
    };
  }
}
