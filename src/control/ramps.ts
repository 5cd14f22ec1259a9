/** The ramps of this process: what was ordered and what was decided, kept in the journal before it raises, and in force before it is kept where it lowers. */
import { isKilled } from "../core/kill-switch.ts";
import { variantDigest } from "../core/phase.ts";
import { type KeptRamp, keptRamps } from "../core/ramp/journal.ts";
import { isDecision, isTenth, nextRampState } from "../core/ramp/next-state.ts";
import { orderedRampState } from "../core/ramp/order.ts";
import { type PlannedMove, plannedMoves } from "../core/ramp/planned-moves.ts";
import { settledRampState } from "../core/ramp/settle.ts";
import { rampShares } from "../core/ramp/shares.ts";
import { isInForce, standingRamp } from "../core/ramp/standing.ts";
import type { ExperimentConfig, Revision } from "../domain/config.ts";
import type { ControlStore, Order } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";
import type {
  RampConfig,
  RampGate,
  RampOrder,
  RampQuestion,
  RampReadings,
  RampState,
  RampTransition,
} from "../domain/ramp.ts";
import type { MetricDefinition } from "../domain/report.ts";
import { itself, RampKills, type Switches } from "./ramp-kills.ts";

export interface RampParts {
  readonly store: ControlStore;
  readonly revision: () => Revision;
  /** Makes a revision of what the journal says now, and puts it in force everywhere. */
  readonly reload: (
    order: Order,
  ) => Promise<{ readonly result: string; readonly problems: readonly string[] }>;
  readonly switches: Switches;
  readonly definitions: (experiment: ExperimentConfig) => readonly MetricDefinition[];
  /** Rejects where the statistics do not answer. */
  readonly read: (question: RampQuestion) => Promise<RampReadings>;
  /** Never rejects: who does not answer is missing. */
  readonly askGate: (gate: RampGate) => Promise<NonNullable<RampReadings["gate"]>>;
  /** Hears of every decision once it is kept, and of a look after which the ramp waits for somebody. */
  readonly decided: (transition: RampTransition, plan: RampConfig) => void;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface GivenOrder extends Order {
  readonly kind: RampOrder["kind"];
  readonly overridesLock: boolean;
}

export class Ramps {
  readonly #parts: RampParts;
  readonly #kills: RampKills;
  readonly #kept: Map<string, KeptRamp>;
  readonly #readings = new Map<string, RampReadings>();
  readonly #problems = new Map<string, string>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: RampParts) {
    this.#parts = parts;
    this.#kills = new RampKills(parts.switches, parts.log);
    this.#kept = new Map(keptRamps(parts.store.read()));
  }

  /** Throws `not_found` for an experiment without a ramp. */
  get(experimentId: string): KeptRamp {
    const ramp = this.#find(experimentId);
    if (ramp !== undefined) return ramp;
    throw new Failure(
      "not_found",
      `Experiment "${experimentId}" has no ramp; give it \`ramp: {}\` in the configuration.`,
    );
  }

  /** Of the last look; undefined before it. */
  readings(experimentId: string): RampReadings | undefined {
    return this.#readings.get(experimentId);
  }

  /** Why the shares that are wanted are not in force; undefined when they are. */
  problem(experimentId: string): string | undefined {
    return this.#problems.get(experimentId);
  }

  /** Of every experiment that has a plan. */
  get all(): readonly RampState[] {
    return Object.keys(this.#parts.revision().config.experiments).flatMap(
      (id) => this.#find(id)?.state ?? [],
    );
  }

  /** Experiments whose ramp has something to look at or to finish. */
  get running(): readonly string[] {
    return this.all.flatMap((state) => (this.#isAtRest(state) ? [] : [state.experimentId]));
  }

  /**
   * Kept and in force everywhere when the promise resolves. Throws `conflict` where the order does not fit. A rollback holds as a kill at once, whatever else
   * is under way.
   */
  async order(experimentId: string, given: GivenOrder): Promise<RampTransition> {
    this.#ordered(experimentId, given);
    if (given.kind === "rollback") await this.#kills.set(this.get(experimentId).plan, given.reason);
    return this.#inTurn(experimentId, async () => {
      const { transition, plan } = this.#ordered(experimentId, given);
      if (given.kind === "start") await this.#kills.lift(plan, given);
      await this.#commit(transition, plan, given);
      return transition;
    });
  }

  /** What the order would come to, and what starting would move, step by step. Throws as `order` does. */
  dryRun(
    experimentId: string,
    given: GivenOrder,
  ): { readonly to: RampState; readonly moves: readonly PlannedMove[] } {
    const { transition, plan } = this.#ordered(experimentId, given);
    return { to: transition.to, moves: this.#moves(plan) };
  }

  /** One look: finishes what a crash or a refusal has left half done, reads, decides. */
  async look(experimentId: string): Promise<void> {
    await this.#inTurn(experimentId, () => this.#finish(experimentId));
    const asked = this.#find(experimentId);
    if (asked === undefined || this.#isAtRest(asked.state)) return;
    const readings = await this.#read(asked);
    await this.#inTurn(experimentId, async () => {
      // What was read is of that state: whoever has decided in between has made it stale, and it must not raise.
      if (this.#find(experimentId)?.state !== asked.state) return;
      const transition = nextRampState(asked.state, asked.plan, readings, this.#parts.now());
      if (transition === undefined) return;
      if (isDecision(transition) || isTenth(transition, asked.plan))
        await this.#commit(transition, asked.plan);
      else {
        this.#kept.set(experimentId, { state: transition.to, plan: asked.plan });
        // Who waits for somebody says so, once.
        if (transition.rule === "safe_enough" && transition.to.reason !== asked.state.reason)
          this.#parts.decided(transition, asked.plan);
      }
    });
  }

  #find(experimentId: string): KeptRamp | undefined {
    return standingRamp(this.#parts.revision(), experimentId, this.#kept);
  }

  /** A completed ramp that its own kill lies over was about to be rolled back. */
  #isAtRest(state: RampState): boolean {
    if (state.status === "completed") return this.#kills.own(state) === undefined;
    return state.status === "draft" || state.status === "rolled_back" || state.status === "aborted";
  }

  #inTurn<T>(experimentId: string, act: () => Promise<T>): Promise<T> {
    const done = (this.#turns.get(experimentId) ?? Promise.resolve()).then(act);
    this.#turns.set(
      experimentId,
      done.catch(() => {}),
    );
    return done;
  }

  #ordered(
    experimentId: string,
    { kind, by, reason, overridesLock }: GivenOrder,
  ): { readonly transition: RampTransition; readonly plan: RampConfig } {
    const { state, plan: kept } = this.get(experimentId);
    const { config } = this.#parts.revision();
    const experiment = config.experiments[experimentId];
    // What is started goes by the plan of the file, and what runs by the one that it was started with.
    const plan = kind === "start" ? (experiment?.ramp ?? kept) : kept;
    const order: RampOrder =
      kind === "start"
        ? { kind, by, reason, overridesLock, variantDigest: digestOf(this.#parts.revision(), plan) ?? "" }
        : { kind, by, reason };
    const made = orderedRampState(state, plan, order, this.#parts.now());
    if (made.kind === "refusal") throw new Failure("conflict", `${made.message}.`);
    const moved = kind === "start" ? this.#moves(plan).find(({ changesArm }) => changesArm > 0) : undefined;
    if (moved !== undefined)
      throw new Failure(
        "assignment_conflict",
        `Step ${moved.step + 1} would show units another variant than the one that they have met; give the experiment a new salt and rerandomise: true.`,
      );
    return { transition: made, plan };
  }

  #moves(plan: RampConfig): readonly PlannedMove[] {
    const experiment = this.#parts.revision().config.experiments[plan.experimentId];
    const ledger = this.#parts.store
      .read()
      .flatMap((event) => (event.kind === "exposed" || event.kind === "revision" ? event.entries : []));
    return experiment === undefined ? [] : plannedMoves(experiment, plan, ledger);
  }

  /** In force before it is durable where it takes the treatment back; durable before it is in force in all else. */
  async #commit(transition: RampTransition, plan: RampConfig, given?: Order): Promise<void> {
    const { store, decided } = this.#parts;
    const { to, at } = transition;
    const { experimentId } = plan;
    if (to.status === "rolling_back") await this.#kills.set(plan, to.reason ?? "rolled back");
    const who = given ?? { by: itself, reason: to.reason ?? transition.rule };
    await store.append({
      kind: "ramp",
      at,
      by: who.by,
      reason: who.reason,
      ...(who.byKeyId === undefined ? {} : { byKeyId: who.byKeyId }),
      ...(who.claimedBy === undefined ? {} : { claimedBy: who.claimedBy }),
      experimentId,
      transition,
      ...rampShares(to, plan),
      ...(transition.order?.kind === "start" ? { plan } : {}),
    });
    this.#kept.set(experimentId, { state: to, plan });
    decided(transition, plan);
    await this.#enforce(experimentId);
  }

  /** Puts the shares that are wanted in force; once they are, what was on its way has arrived. */
  async #enforce(experimentId: string): Promise<void> {
    const { revision, reload, now, log } = this.#parts;
    const ramp = this.get(experimentId);
    if (!isInForce(ramp, revision())) {
      const reason = `the ramp of "${experimentId}" is ${ramp.state.status}`;
      const { problems } = await reload({ by: itself, reason });
      if (!isInForce(ramp, revision())) {
        this.#problems.set(experimentId, problems.join("; ") || "another revision is in force");
        log.error("the shares of a ramp are not in force", { experimentId, problems });
        return;
      }
    }
    this.#problems.delete(experimentId);
    const settled = settledRampState(ramp.state, now());
    if (settled !== undefined) await this.#commit(settled, ramp.plan);
  }

  async #finish(experimentId: string): Promise<void> {
    const ramp = this.#find(experimentId);
    if (ramp === undefined || this.#isAtRest(ramp.state)) return;
    const { state, plan } = ramp;
    const own = this.#kills.own(plan);
    if (own !== undefined && state.status !== "scheduled" && state.status !== "rolling_back") {
      // The process ended, or its disk failed, between the kill and the journal: the rollback was decided.
      const order = { kind: "rollback", by: itself, reason: own.reason } as const;
      const made = orderedRampState(state, plan, order, this.#parts.now());
      if (made.kind === "transition") return this.#commit(made, plan);
    }
    if (state.status === "rolling_back" && own === undefined) {
      await this.#kills.set(plan, state.reason ?? "rolled back");
    }
    await this.#enforce(experimentId);
  }

  async #read({ state, plan }: KeptRamp): Promise<RampReadings | undefined> {
    const { revision, switches, read, askGate, definitions, log } = this.#parts;
    const { experimentId, variantId } = plan;
    const experiment = revision().config.experiments[experimentId];
    if (experiment === undefined) return undefined;
    try {
      const gate = plan.gate === undefined ? undefined : await askGate(plan.gate);
      const readings = await read({
        plan,
        definitions: definitions(experiment),
        startedAt: state.startedAt,
        stepStartedAt: state.stepStartedAt,
        isKilled: isKilled(switches.switches, { experimentId, variantId }),
        gate,
      });
      const whole = { ...readings, dataProblems: [...readings.dataProblems, ...this.#doubts(state, plan)] };
      this.#readings.set(experimentId, whole);
      return whole;
    } catch (error) {
      log.warn("a ramp could not be read", { experimentId, error });
      return undefined;
    }
  }

  /** What the statistics cannot know. */
  #doubts(state: RampState, plan: RampConfig): readonly string[] {
    const problem = this.#problems.get(plan.experimentId);
    const isOther = digestOf(this.#parts.revision(), plan) !== state.variantDigest;
    return [
      ...(isOther
        ? [`"${plan.variantId}" is not what was started: put it back, or abort and start anew`]
        : []),
      ...(problem === undefined ? [] : [`the shares are not in force: ${problem}`]),
    ];
  }
}

function digestOf({ config }: Revision, { experimentId, variantId }: RampConfig): string | undefined {
  const variant = config.experiments[experimentId]?.variants.find(({ id }) => id === variantId);
  return variant && variantDigest(config, variant);
}
