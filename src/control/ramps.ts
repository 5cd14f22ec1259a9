/** The ramps of this process: what was ordered and what was decided, kept in the journal before it raises, and in force before it is kept where it lowers. */
import { type KeptRamp, keptRamps } from "../core/ramp/journal.ts";
import { isDecision, isMilestone, nextRampState } from "../core/ramp/next-state.ts";
import { orderedRampState } from "../core/ramp/order.ts";
import { type PlannedMove, plannedMoves } from "../core/ramp/planned-moves.ts";
import { settledRampState } from "../core/ramp/settle.ts";
import { rampShares } from "../core/ramp/shares.ts";
import { isInForce, standingRamp } from "../core/ramp/standing.ts";
import type { ControlStore, Order } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";
import type { RampConfig, RampOrder, RampReadings, RampState, RampTransition } from "../domain/ramp.ts";
import { itself, RampKills, type Switches } from "./ramp-kills.ts";
import { digestOf, type RampReaderParts, readRamp } from "./ramp-reader.ts";
import { Turns } from "./turns.ts";

export interface RampParts extends RampReaderParts {
  readonly store: ControlStore;
  /** Makes a revision of what the journal says now, and puts it in force everywhere. */
  readonly reload: (
    order: Order,
  ) => Promise<{ readonly result: string; readonly problems: readonly string[] }>;
  readonly switches: Switches;
  /** Hears of every decision once it is kept, and of a look after which the ramp waits for somebody. */
  readonly decided: (transition: RampTransition, plan: RampConfig) => void;
  /** How long a look waits for a turn; ten seconds unless told. */
  readonly turnMs?: number;
}

export interface GivenOrder extends Order {
  readonly kind: RampOrder["kind"];
  readonly overridesLock: boolean;
}

/** What a look has read, and of which state. */
export interface LastRead {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly state: RampState;
  readonly readings: RampReadings;
}

export class Ramps {
  readonly #parts: RampParts;
  readonly #kills: RampKills;
  readonly #kept: Map<string, KeptRamp>;
  readonly #readings = new Map<string, LastRead>();
  readonly #problems = new Map<string, string>();
  readonly #turns: Turns;
  /** What ramps have been said to wait for. */
  readonly #waits = new Set<string>();

  constructor(parts: RampParts) {
    this.#parts = parts;
    this.#turns = new Turns(parts.turnMs);
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

  /** Of this generation's last look, in this process; undefined before it. */
  lastRead(experimentId: string): LastRead | undefined {
    const last = this.#readings.get(experimentId);
    return last?.state.generation === this.#find(experimentId)?.state.generation ? last : undefined;
  }

  /** Why the shares that are wanted are not in force; undefined when they are. */
  problem(experimentId: string): string | undefined {
    return this.#problems.get(experimentId);
  }

  /** Of every experiment that has a plan. */
  get all(): readonly KeptRamp[] {
    return Object.keys(this.#parts.revision().config.experiments).flatMap((id) => this.#find(id) ?? []);
  }

  /** Experiments whose ramp has something to look at or to finish. */
  get running(): readonly string[] {
    const ids = new Set([...Object.keys(this.#parts.revision().config.experiments), ...this.#kept.keys()]);
    return [...ids].filter((id) => {
      const ramp = this.#find(id);
      return (ramp !== undefined && !this.#isAtRest(ramp)) || this.#takenOut(id) !== undefined;
    });
  }

  /**
   * Kept and in force everywhere when the promise resolves. Throws `conflict` where the order does not fit. A rollback holds as a kill at once, whatever else
   * is under way.
   */
  async order(experimentId: string, given: GivenOrder): Promise<RampTransition> {
    this.#ordered(experimentId, given);
    const killed =
      given.kind === "rollback"
        ? this.#kills.set(this.get(experimentId).plan, given.reason)
        : Promise.resolve(true);
    // The turn is taken while the kill is on its way, or a look would find the kill and decide in the operator's stead.
    return this.#turns.take(experimentId, async () => {
      await killed;
      const { transition, plan } = this.#ordered(experimentId, given);
      await this.#commit(transition, plan, given);
      // A start that could not be kept has lifted nothing.
      if (given.kind === "start") await this.#kills.lift(plan, given);
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
    // A disk that hangs keeps its turn, and must not keep this look from seeing harm.
    const isFree = await this.#turns.ends(this.#turns.take(experimentId, () => this.#finish(experimentId)));
    const asked = this.#find(experimentId);
    if (asked === undefined || this.#isAtRest(asked)) return;
    const readings = await readRamp(this.#parts, asked, this.#problems.get(experimentId));
    if (readings !== undefined)
      this.#readings.set(experimentId, { at: this.#parts.now(), state: asked.state, readings });
    if (!isFree) return this.#takeBackAtOnce(asked, readings);
    const turn = this.#turns.take(experimentId, async () => {
      // What was read is of that state: whoever has decided in between has made it stale, and it must not raise.
      if (this.#find(experimentId)?.state !== asked.state) return;
      const transition = nextRampState(asked.state, asked.plan, readings, this.#parts.now());
      if (transition === undefined) return;
      if (isDecision(transition) || isMilestone(transition, asked.plan))
        await this.#commit(transition, asked.plan);
      else {
        this.#kept.set(experimentId, { state: transition.to, plan: asked.plan });
        this.#tell(transition, asked.plan);
      }
    });
    await this.#turns.ends(turn);
  }

  /** The turn is somebody's who waits for the journal: what is to be taken back is killed, and the rest follows once that answers. */
  #takeBackAtOnce({ state, plan }: KeptRamp, readings: RampReadings | undefined): void {
    const { log, now } = this.#parts;
    const to = nextRampState(state, plan, readings, now())?.to;
    const { experimentId } = plan;
    log.error("the journal of a ramp does not answer", {
      experimentId,
      takesBack: to?.status === "rolling_back",
    });
    if (to?.status === "rolling_back" && this.#kills.own(plan) === undefined)
      void this.#kills.set(plan, to.reason ?? "rolled back");
  }

  /** Of mere looks only that the ramp waits for somebody, and of each cause once in a step: a night of few requests is no news. */
  #tell(transition: RampTransition, plan: RampConfig): void {
    const { rule, from, to } = transition;
    if (!isDecision(transition)) {
      const cause = `${plan.experimentId} ${to.generation} ${to.step} ${to.reason}`;
      if (rule !== "safe_enough" || to.reason === from.reason || this.#waits.has(cause)) return;
      this.#waits.add(cause);
    }
    this.#parts.decided(transition, plan);
  }

  #find(experimentId: string): KeptRamp | undefined {
    return standingRamp(this.#parts.revision(), experimentId, this.#kept);
  }

  /** A completed ramp that its own kill lies over was about to be rolled back; an aborted one may be served still. */
  #isAtRest(ramp: KeptRamp): boolean {
    const { state } = ramp;
    if (state.status === "completed") return this.#kills.own(state) === undefined;
    if (state.status === "aborted") return isInForce(ramp, this.#parts.revision());
    return state.status === "draft" || state.status === "rolled_back";
  }

  /** What ran when its plan went from the file: put back, it is not to begin where it was. */
  #takenOut(
    experimentId: string,
  ): { readonly transition: RampTransition; readonly plan: RampConfig } | undefined {
    const kept = this.#kept.get(experimentId);
    if (kept === undefined || this.#find(experimentId) === kept) return undefined;
    const order = {
      kind: "abort",
      by: itself,
      reason: "its plan is in the configuration no longer",
    } as const;
    const made = orderedRampState(kept.state, kept.plan, order, this.#parts.now());
    return made.kind === "transition" ? { transition: made, plan: kept.plan } : undefined;
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
    const { store } = this.#parts;
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
    this.#tell(transition, plan);
    await this.#enforce(experimentId);
  }

  /** Puts the shares that are wanted in force; once they are, what was on its way has arrived. */
  async #enforce(experimentId: string): Promise<void> {
    const { revision, reload, now, log } = this.#parts;
    const ramp = this.#find(experimentId);
    if (ramp === undefined) return;
    const { state, plan } = ramp;
    const isKept =
      state.status !== "rolling_back" || (await this.#kills.set(plan, state.reason ?? "rolled back"));
    if (!isInForce(ramp, revision())) {
      const reason = `the ramp of "${experimentId}" is ${state.status}`;
      const { problems } = await reload({ by: itself, reason });
      if (!isInForce(ramp, revision())) {
        this.#problems.set(experimentId, problems.join("; ") || "another revision is in force");
        log.error("the shares of a ramp are not in force", { experimentId, problems });
        return;
      }
    }
    this.#problems.delete(experimentId);
    // A rollback whose kill a restart would lose is not over.
    const settled = isKept ? settledRampState(state, now()) : undefined;
    if (settled !== undefined) await this.#commit(settled, plan);
  }

  async #finish(experimentId: string): Promise<void> {
    const takenOut = this.#takenOut(experimentId);
    if (takenOut !== undefined) await this.#commit(takenOut.transition, takenOut.plan);
    const ramp = this.#find(experimentId);
    if (ramp === undefined || this.#isAtRest(ramp)) return;
    const { state, plan } = ramp;
    const own = this.#kills.own(plan);
    // It was started, and the process ended before the kill of the time before was lifted.
    if (own !== undefined && state.status === "scheduled")
      await this.#kills.lift(plan, { by: state.by ?? itself, reason: state.reason ?? "started" });
    else if (own !== undefined && state.status !== "rolling_back") {
      // The process ended, or its disk failed, between the kill and the journal: the rollback was decided.
      const order = { kind: "rollback", by: itself, reason: own.reason } as const;
      const made = orderedRampState(state, plan, order, this.#parts.now());
      if (made.kind === "transition") return this.#commit(made, plan);
    }
    await this.#enforce(experimentId);
  }
}
