/** Ramps: a treatment's share is raised step by step while it does no harm, and taken back when it does. */
import type { Better, Margin } from "./metric.ts";
import type { MetricDefinition } from "./report.ts";

/** The plan of one ramp, from the experiment's `ramp` section. */
export interface RampConfig {
  readonly experimentId: string;
  readonly controlId: string;
  /** The treatment that is raised; the control is as large as it at every step. */
  readonly variantId: string;
  /** At least one. */
  readonly steps: readonly RampStep[];
  /** Share of the units, 0 to 0.5, that stay with the control once the treatment is complete. */
  readonly holdback: number;
  readonly slos: readonly RampSlo[];
  /** Chance that a treatment which is no worse than tolerated is rolled back, over all SLOs and the whole ramp. */
  readonly alpha: number;
  readonly schedule: RampSchedule;
  /** What comes before a step's so many-th request of the treatment counts, in both arms, neither for latency nor for cost: caches are cold. */
  readonly warmUpRequests: number;
  /** A hold ends after so many clean looks, and so much clean time that was looked at. */
  readonly clearLooks: number;
  readonly clearMs: number;
  /** A rolled-back variant of the same digest may not ramp again for so long. */
  readonly lockMs: number;
  /** Asked beside the SLOs; undefined asks nobody. */
  readonly gate: RampGate | undefined;
}

export interface RampStep {
  /** Share of the units that the treatment gets, above 0 and at most 0.5; the control gets as much. */
  readonly share: number;
  /** Time that must have been observed; a gap in the clock, a pause and a hold do not count. */
  readonly leastMs: number;
  /** Paused as inconclusive after so long, counted in the same way. */
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
  /** A value that neither arm may pass of late; undefined has none. When both pass it, the treatment is not to blame. */
  readonly ceiling: number | undefined;
}

export interface RampSchedule {
  /** Epoch milliseconds; the first step does not begin before. */
  readonly startAt: number | undefined;
  /** Nothing is raised outside of them; undefined raises at any time. */
  readonly hours: RampHours | undefined;
  /** Nothing is raised from `from` until before `to`, epoch milliseconds. */
  readonly freezes: readonly { readonly from: number; readonly to: number; readonly reason: string }[];
}

export interface RampHours {
  /** `HH:MM`; until before `to`, which is of the next day where it is not after `from`. */
  readonly from: string;
  readonly to: string;
  /** On which hours begin: 1 is Monday, 7 is Sunday. */
  readonly days: readonly number[];
  /** IANA name. */
  readonly timeZone: string;
}

/** A PromQL query that must hold before anything is raised. Where it fails the ramp holds: it knows no concurrent control, so it never rolls back. */
export interface RampGate {
  readonly url: string;
  readonly query: string;
  /** Its value must be below, or above, this. */
  readonly compare: "below" | "above";
  readonly threshold: number;
  readonly timeoutMs: number;
}

/**
 * `scheduled`: started, and the first step is yet to begin. `warming`: observing, with too few requests to count latency and cost.
 * `rolling_back` and `completing` last until the shares that they want are in force.
 */
export type RampStatus =
  | "draft"
  | "scheduled"
  | "warming"
  | "observing"
  | "holding"
  | "paused"
  | "rolling_back"
  | "rolled_back"
  | "completing"
  | "completed"
  | "aborted";

/** What decided: rules in their order, the first that matches; `order` is an operator's, `settled` is that shares came into force. */
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
  | "order"
  | "settled";

/** All that a ramp remembers, and all that a decision needs of the past. */
export interface RampState {
  readonly experimentId: string;
  readonly variantId: string;
  /** A ramp that is started anew is a new generation, with a new α. A draft has none yet: 0. */
  readonly generation: number;
  readonly status: RampStatus;
  /** Index of the step; before the first one begins 0. */
  readonly step: number;
  readonly reason: string | undefined;
  /** Who brought the status about; `ramp` where the rules did. */
  readonly by: string | undefined;
  /** Names the variant: model, prompt, parameters. */
  readonly variantDigest: string | undefined;
  /** Epoch milliseconds; undefined before the first step of this generation begins. Evidence counts from here. */
  readonly startedAt: number | undefined;
  readonly stepStartedAt: number | undefined;
  /** Time of this step that was looked at while it observed, milliseconds. */
  readonly observedMs: number;
  readonly lastLookAt: number | undefined;
  /** Of a hold: looks since the last bad one, and the time between them that was looked at. */
  readonly cleanLooks: number;
  readonly cleanMs: number;
  /** Of this step: may the next one begin? */
  readonly isApproved: boolean;
  /** Digests that may not ramp before this instant: they were rolled back. */
  readonly locks: readonly { readonly digest: string; readonly until: number }[];
}

/**
 * `harm`: worse than tolerated, shown. `suspect`: worse than tolerated, with some evidence. `safe`: shown to be within the margin.
 * `open`: none of these yet. `unknown`: cannot be reckoned.
 */
export type SloVerdict = "harm" | "suspect" | "open" | "safe" | "unknown";

/** What was measured of one SLO over the whole ramp. Every number is finite, so that a journal gives it back. */
export interface SloReading {
  readonly metric: string;
  readonly verdict: SloVerdict;
  /** Evidence of harm; rolled back at m/α. Undefined for what has an interval instead. */
  readonly eValue: number | undefined;
  readonly control: number | undefined;
  readonly treatment: number | undefined;
  /** Of the difference, treatment − control, valid at every look; undefined while it has no end. */
  readonly interval: { readonly low: number; readonly high: number } | undefined;
  /** Both arms have passed the ceiling of late. */
  readonly isBrokenInBoth: boolean;
  /** Why the verdict is unknown. */
  readonly reason: string | undefined;
}

/** How the newest request of a unit ended. */
export interface LastUnit {
  readonly isTreatment: boolean;
  readonly hasFailed: boolean;
}

export interface RampReadings {
  readonly isKilled: boolean;
  /** Each arm's last units by their newest requests, both in one list, newest last: an outage shows in both at once. */
  readonly lastUnits: readonly LastUnit[];
  /** Since the step began. */
  readonly units: { readonly treatment: number; readonly control: number };
  readonly requests: { readonly treatment: number; readonly control: number };
  /** Both arms have been heard of just now: what has fallen silent passes nothing. */
  readonly isFresh: boolean;
  readonly slos: readonly SloReading[];
  /** Why the data may not be trusted; empty when they may. */
  readonly dataProblems: readonly string[];
  /** Of the external gate; undefined without one. */
  readonly gate: "passes" | "fails" | "missing" | undefined;
}

/** What the statistics are asked at one look. */
export interface RampQuestion {
  readonly plan: RampConfig;
  readonly definitions: readonly MetricDefinition[];
  /** Epoch milliseconds, both; facts from before the first are another generation's. Undefined before the first step begins. */
  readonly startedAt: number | undefined;
  readonly stepStartedAt: number | undefined;
  readonly isKilled: boolean;
  readonly gate: RampReadings["gate"];
}

/** One decision, with what it was made of: recomputed, it must come out the same. */
export interface RampTransition {
  readonly kind: "transition";
  readonly at: number;
  readonly rule: RampRule;
  readonly from: RampState;
  readonly to: RampState;
  readonly readings: RampReadings | undefined;
  /** What was ordered, where the rule is `order`. */
  readonly order: RampOrder | undefined;
}

/** What an operator may order. */
export type RampOrder =
  | {
      readonly kind: "start";
      readonly by: string;
      readonly reason: string;
      readonly variantDigest: string;
      readonly overridesLock: boolean;
    }
  | {
      readonly kind: "pause" | "resume" | "promote" | "rollback" | "approve" | "abort";
      readonly by: string;
      readonly reason: string;
    };

/** An order that does not fit the state; the message says why, and what would. */
export interface RampRefusal {
  readonly kind: "refusal";
  readonly message: string;
}
