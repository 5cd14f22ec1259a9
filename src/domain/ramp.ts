/** Ramps: a treatment's share is raised step by step while it does no harm, and taken back when it does. */
import type { Better, Margin } from "./metric.ts";

/** The plan of one ramp, from the experiment's `ramp` section. */
export interface RampConfig {
  readonly experimentId: string;
  /** The treatment that is raised; the control stays as large as it, while it fits. */
  readonly variantId: string;
  readonly steps: readonly RampStep[];
  /** Share of the units that stay with the control once the treatment is complete. */
  readonly holdback: number;
  readonly slos: readonly RampSlo[];
  /** Chance that a treatment which is no worse than tolerated is rolled back, over all SLOs and the whole ramp. */
  readonly alpha: number;
  readonly schedule: RampSchedule;
  /** Requests of the treatment, counted from a step's begin, that count neither for latency nor for cost: caches are cold. */
  readonly warmUpRequests: number;
  /** How many clean looks, and how long, end a hold. */
  readonly clearLooks: number;
  readonly clearMs: number;
  /** A rolled-back variant of the same digest may not ramp again for so long. */
  readonly lockMs: number;
  /** Asked beside the SLOs; undefined asks nobody. */
  readonly gate: RampGate | undefined;
}

export interface RampStep {
  /** Share of the units that the treatment gets, 0 to 0.5; the control gets as much. */
  readonly share: number;
  /** Time that must have been observed; a gap in the clock, a pause and a hold do not count. */
  readonly leastMs: number;
  /** Inconclusive after so long. */
  readonly mostMs: number;
  /** In each of the two arms, since the step began. */
  readonly leastUnits: number;
  readonly leastRequests: number;
  /** Somebody must approve before the next step begins. */
  readonly asksApproval: boolean;
}

/** One thing that the treatment must not make worse. */
export interface RampSlo {
  /** A built-in metric or one of an outcome. */
  readonly metric: string;
  readonly better: Better;
  /** How much worse than the concurrent control is tolerated. */
  readonly margin: Margin;
  /** A value that neither arm may pass; undefined has none. When both pass it, the treatment is not to blame. */
  readonly ceiling: number | undefined;
}

export interface RampSchedule {
  /** Epoch milliseconds; the first step does not begin before. */
  readonly startAt: number | undefined;
  /** Steps are raised within these hours only, in this time zone; undefined raises at any time. */
  readonly hours:
    | {
        readonly from: string;
        readonly to: string;
        readonly days: readonly number[];
        readonly timeZone: string;
      }
    | undefined;
  /** Nothing is raised between these instants. */
  readonly freezes: readonly { readonly from: number; readonly to: number; readonly reason: string }[];
}

/** A PromQL query that must hold: missing data never passes and never rolls back. */
export interface RampGate {
  readonly url: string;
  readonly query: string;
  /** Its value must be below, or above, this. */
  readonly compare: "below" | "above";
  readonly threshold: number;
  readonly timeoutMs: number;
}

export type RampStatus =
  | "draft"
  | "warming"
  | "observing"
  | "holding"
  | "paused"
  | "rolling_back"
  | "rolled_back"
  | "completing"
  | "completed"
  | "aborted";

/** Which rule of the order decided. */
export type RampRule =
  | "killed"
  | "fast_burn"
  | "confirmed_harm"
  | "shared_outage"
  | "untrustworthy_data"
  | "suspected_harm"
  | "not_enough"
  | "safe_enough"
  | "timed_out"
  | "order";

/** All that a ramp remembers. Everything in it follows from its events. */
export interface RampState {
  readonly experimentId: string;
  readonly variantId: string;
  /** A ramp that is started anew is a new generation, with a new α. */
  readonly generation: number;
  readonly status: RampStatus;
  /** Index of the step; before the first one begins 0. */
  readonly step: number;
  readonly reason: string | undefined;
  /** Who paused, approved or rolled back; `ramp` where the rules did. */
  readonly by: string | undefined;
  /** Names the variant: model, prompt, parameters. */
  readonly variantDigest: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly stepStartedAt: number;
  /** Time of this step that was looked at, milliseconds. */
  readonly observedMs: number;
  readonly lastLookAt: number | undefined;
  /** Since when it holds, and clean looks since. */
  readonly heldSince: number | undefined;
  readonly cleanLooks: number;
  readonly isApproved: boolean;
}

/** What was measured of one SLO, over the whole ramp. */
export interface SloReading {
  readonly metric: string;
  /** `harm`: worse than tolerated, shown. `suspect`: worse than tolerated as it stands, not shown. `safe`: shown to be within the margin. */
  readonly verdict: "harm" | "suspect" | "safe" | "open" | "unknown";
  /** Evidence of harm; rolled back at m/α. Undefined for what has an interval instead. */
  readonly eValue: number | undefined;
  readonly control: number | undefined;
  readonly treatment: number | undefined;
  /** Of the difference, treatment − control, valid at every look. */
  readonly interval: { readonly low: number; readonly high: number } | undefined;
  /** Both arms have passed the ceiling. */
  readonly isBrokenInBoth: boolean;
  readonly reason: string | undefined;
}

export interface RampReadings {
  readonly isKilled: boolean;
  /** Of the last units of each arm, newest last: did any request of the unit fail? */
  readonly lastUnits: { readonly treatment: readonly boolean[]; readonly control: readonly boolean[] };
  /** Since the step began. */
  readonly units: { readonly treatment: number; readonly control: number };
  readonly requests: { readonly treatment: number; readonly control: number };
  readonly slos: readonly SloReading[];
  /** Why the data may not be trusted; empty when they may. */
  readonly dataProblems: readonly string[];
  /** Of the external gate; undefined without one. */
  readonly gate: "passes" | "fails" | "missing" | undefined;
}

/** One decision, with what it was made of: recomputed, it must come out the same. */
export interface RampTransition {
  readonly at: number;
  readonly rule: RampRule;
  readonly from: RampState;
  readonly to: RampState;
  readonly readings: RampReadings | undefined;
}

/** What an operator may order. */
export type RampOrder =
  | { readonly kind: "start"; readonly by: string; readonly reason: string; readonly overridesLock: boolean }
  | {
      readonly kind: "pause" | "resume" | "promote" | "rollback" | "approve" | "abort";
      readonly by: string;
      readonly reason: string;
    };
