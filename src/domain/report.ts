/** What the statistics say of one experiment: the shape of `GET /admin/experiments/{id}/results`, in camel case as it is kept. */
import type { Estimate, Inconclusive, Interval } from "./estimate.ts";
import type { AnalysisConfig, Better, Margin, MetricUnit, OutcomeMetric } from "./metric.ts";
import type { RampQuestion } from "./ramp.ts";

/** What must be known of an experiment to judge it; plain values, so that it can cross to another thread. */
export interface AnalysisPlan extends AnalysisConfig {
  readonly experimentId: string;
  readonly description: string;
  readonly unit: string;
  readonly controlId: string;
  /** The control first. */
  readonly variantIds: readonly string[];
  /** Built-in metrics, and those of outcomes. */
  readonly definitions: readonly MetricDefinition[];
  /** Goals and guardrails only, or what is merely watched too. */
  readonly scope: "used" | "all";
}

/** A metric's name and meaning; `outcome` is undefined for a built-in one. */
export interface MetricDefinition {
  readonly name: string;
  readonly description: string;
  readonly better: Better;
  readonly unit: MetricUnit;
  readonly outcome: OutcomeMetric | undefined;
}

/** Answers for one process; the numbers are read and reckoned in another thread where the store is a file. JSON texts. */
export interface Analyst {
  /** An ExperimentReport. */
  results(plan: AnalysisPlan): Promise<string>;
  /** A LiveStats. */
  stats(plan: AnalysisPlan): Promise<string>;
  /** RampReadings. */
  ramp(question: RampQuestion): Promise<string>;
  /** Reads what is there already, so that the first question does not wait for it. */
  warm(experimentIds: readonly string[]): void;
  close(): Promise<void>;
}

/** Shares and means as they stand, without any test. */
export interface LiveStats {
  readonly experimentId: string;
  readonly generatedAt: number;
  readonly variants: readonly VariantCount[];
  readonly metrics: readonly Pick<MetricReport, "metric" | "unit" | "arms">[];
  readonly lastRecordAt: number | undefined;
}

export interface ExperimentReport {
  readonly experimentId: string;
  readonly description: string;
  readonly unit: string;
  /** Epoch milliseconds. */
  readonly generatedAt: number;
  readonly alpha: number;
  readonly plannedUnits: number;
  readonly controlId: string;
  readonly decision: Decision;
  readonly variants: readonly VariantCount[];
  readonly phases: readonly PhaseReport[];
  readonly soundness: Soundness;
  readonly progress: Progress;
  /** Goals first, then guardrails, then what is only watched. */
  readonly metrics: readonly MetricReport[];
  /** What the reader should know before believing any of it. */
  readonly notes: readonly string[];
}

export type Verdict = "ship" | "roll_back" | "keep_running" | "inconclusive";

export interface Decision {
  readonly verdict: Verdict;
  /** The variant that the verdict is about; undefined when it is about none in particular. */
  readonly variantId: string | undefined;
  readonly sentence: string;
  readonly perVariant: readonly {
    readonly variantId: string;
    readonly verdict: Verdict;
    readonly reasons: readonly string[];
  }[];
}

export interface VariantCount {
  readonly variantId: string;
  readonly role: "control" | "treatment";
  readonly units: number;
  readonly requests: number;
  /** Share of the exposed units, observed and, where every phase had the same allocation, expected by it. */
  readonly share: number;
  readonly expectedShare: number | undefined;
}

export interface PhaseReport {
  readonly phaseId: string;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly killed: readonly string[];
  readonly units: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<string, number>>;
  readonly sampleRatio: SampleRatio | Inconclusive;
}

export interface SampleRatio {
  readonly kind: "sample_ratio";
  readonly observed: Readonly<Record<string, number>>;
  readonly expected: Readonly<Record<string, number>>;
  readonly pValue: number;
  /** Natural logarithm of the Bayes factor of the sequential test; alarm at ln 1000. */
  readonly logBayesFactor: number;
  readonly isMismatch: boolean;
}

export interface Soundness {
  /** No winner may be named while this is false. */
  readonly isSound: boolean;
  readonly problems: readonly string[];
  /** Over all phases, weighted by nothing: the worst of them. */
  readonly sampleRatio: SampleRatio | Inconclusive;
  /** Does the share of units with an outcome differ by variant? One for each outcome metric in use. */
  readonly outcomeLoss: readonly {
    readonly metric: string;
    readonly pValue: number;
    /** Whose share it is that differs most: of units that answered at all, or of requests that were answered. */
    readonly of: "units" | "requests";
    readonly rates: Readonly<Record<string, number>>;
    readonly isMismatch: boolean;
  }[];
  /** Records that were numbered and are not here. */
  readonly lostRecords: number;
  /** Boots, and workers of one, that ended without saying so: up to one commit interval of each may be missing. */
  readonly crashedBoots: number;
  readonly orphanedOutcomes: number;
}

export interface Progress {
  readonly units: number;
  readonly plannedUnits: number;
  readonly isPlanReached: boolean;
  readonly unitsPerDay: number | undefined;
  readonly daysLeft: number | undefined;
  readonly startedAt: number | undefined;
  readonly lastRecordAt: number | undefined;
}

export interface MetricReport {
  readonly metric: string;
  readonly description: string;
  readonly role: "goal" | "guardrail" | "watched";
  readonly better: Better;
  readonly unit: MetricUnit;
  /** `ratio`: Σ of values / Σ of what they are divided by, by units. `quantile`: of requests. */
  readonly kind: "ratio" | "quantile";
  /** `log`: arms show the geometric mean, and comparisons are differences of logarithms; `lift` says them as a ratio. */
  readonly scale: "linear" | "log";
  readonly margin: Margin | undefined;
  readonly arms: readonly ArmValue[];
  readonly comparisons: readonly Comparison[];
}

export interface ArmValue {
  readonly variantId: string;
  /** Units that have a value. */
  readonly units: number;
  /** Requests, outcomes or sessions that it is made of. */
  readonly n: number;
  readonly value: number | undefined;
  /** Half the width of its own 95 % interval. */
  readonly halfWidth: number | undefined;
  /** Before winsorising, where that changed it. */
  readonly uncapped: number | undefined;
}

/** One treatment against the control. Differences are treatment minus control. */
export interface Comparison {
  readonly variantId: string;
  /** Valid at every look: what the decision rests on. */
  readonly sequence: Estimate | Inconclusive;
  /** Valid once, at the planned size. */
  readonly fixed: Estimate | Inconclusive;
  /** Which of the two a table should show: `fixed` from the planned size on. */
  readonly shown: "sequence" | "fixed";
  /** Relative to the control: (treatment − control) / control; always valid. */
  readonly lift: { readonly value: number; readonly interval: Interval } | undefined;
  /** Adjusted by Holm over goals and treatments; goals only. */
  readonly adjustedPValue: number | undefined;
  /** By Benjamini and Hochberg over everything that is only watched. */
  readonly falseDiscoveryPValue: number | undefined;
  readonly plain: PlainTest | Inconclusive;
  readonly bayes: { readonly chanceBetter: number; readonly expectedLoss: number } | undefined;
  readonly cuped: (Estimate & { readonly varianceReduction: number }) | Inconclusive | undefined;
  /** By the variant that really served; undefined where nobody was served another one. */
  readonly asTreated: Estimate | Inconclusive | undefined;
  readonly perPhase: readonly { readonly phaseId: string; readonly estimate: Estimate | Inconclusive }[];
  /** Guardrails: is the harm shown to be within the margin, or shown to be there? */
  readonly guardrail:
    | {
        /** In the units of the effect; undefined while the control's value is unknown. */
        readonly margin: number | undefined;
        readonly isNonInferior: boolean;
        readonly isHarmed: boolean;
      }
    | undefined;
  readonly intraclassCorrelation: number | undefined;
}

/** The test of the textbooks, on one value for each unit. */
export interface PlainTest {
  readonly kind: "plain";
  readonly method: "welch" | "chi_squared" | "fisher";
  readonly statistic: number | undefined;
  readonly pValue: number;
  /** Set while the planned size is not reached: looking now makes the p-value too small. */
  readonly warning: string | undefined;
}
