/** Reports made by hand: each a situation that a reader must not misread. */
import type { Estimate, Inconclusive } from "../../src/domain/estimate.ts";
import type {
  ArmValue,
  Comparison,
  ExperimentReport,
  MetricReport,
  Soundness,
  VariantCount,
} from "../../src/domain/report.ts";

export function estimate(value: number, halfWidth: number, pValue: number): Estimate {
  return {
    kind: "estimate",
    value,
    standardError: halfWidth / 1.96,
    df: Number.POSITIVE_INFINITY,
    interval: { low: value - halfWidth, high: value + halfWidth },
    pValue,
  };
}

export function unknown(message: string): Inconclusive {
  return { kind: "inconclusive", reason: "too_few_units", message };
}

export function arm(
  variantId: string,
  value: number | undefined,
  halfWidth?: number,
  units = 4105,
): ArmValue {
  return { variantId, units, n: units * 3, value, halfWidth, uncapped: undefined };
}

export function comparison(
  shown: Estimate | Inconclusive,
  change: Partial<Comparison> & { readonly variantId?: string } = {},
): Comparison {
  return {
    variantId: "candidate",
    sequence: shown,
    fixed: shown,
    shown: "sequence",
    lift: undefined,
    adjustedPValue: undefined,
    falseDiscoveryPValue: undefined,
    plain: unknown("fewer than 2 units in a variant"),
    bayes: undefined,
    cuped: undefined,
    asTreated: undefined,
    perPhase: [],
    guardrail: undefined,
    intraclassCorrelation: undefined,
    ...change,
  };
}

export function metric(change: Partial<MetricReport> & { readonly metric: string }): MetricReport {
  return {
    description: "",
    role: "goal",
    better: "higher",
    unit: "share",
    kind: "ratio",
    scale: "linear",
    margin: undefined,
    arms: [],
    comparisons: [],
    ...change,
  };
}

const warning =
  "8214 of 10000 planned users are here: a plain p-value that is looked at before then is too small; go by the one that is always valid";

const resolved = metric({
  metric: "resolved",
  description: "The customer did not have to write again.",
  arms: [arm("control", 0.712, 0.0139), arm("candidate", 0.743, 0.0134, 4109)],
  comparisons: [
    comparison(estimate(0.031, 0.022, 0.0021), {
      adjustedPValue: 0.0042,
      fixed: estimate(0.031, 0.019, 0.0014),
      lift: { value: 0.0435, interval: { low: 0.012, high: 0.076 } },
      plain: { kind: "plain", method: "chi_squared", statistic: 9.873, pValue: 0.00168, warning },
      bayes: { chanceBetter: 0.9993, expectedLoss: 0.00001 },
      cuped: { ...estimate(0.03, 0.018, 0.0009), varianceReduction: 0.31 },
      asTreated: estimate(0.029, 0.022, 0.0051),
      perPhase: [
        { phaseId: "3f2a9c01d4e5", estimate: estimate(0.028, 0.031, 0.081) },
        { phaseId: "77b1c0a2f00d", estimate: unknown("8 units in the control") },
      ],
      intraclassCorrelation: 0.0512,
    }),
  ],
});

const latency = metric({
  metric: "latency_p95",
  role: "guardrail",
  better: "lower",
  unit: "ms",
  kind: "quantile",
  margin: { kind: "relative", value: 0.2 },
  arms: [arm("control", 2410, 88), arm("candidate", 2533, 95, 4109)],
  comparisons: [
    comparison(estimate(123, 190, 0.2), {
      guardrail: { margin: 482, isNonInferior: true, isHarmed: false },
      plain: { kind: "plain", method: "welch", statistic: 1.281, pValue: 0.2, warning },
    }),
  ],
});

const cost = metric({
  metric: "cost",
  role: "guardrail",
  better: "lower",
  unit: "usd",
  margin: { kind: "relative", value: 3 },
  arms: [arm("control", 0.00123, 0.00004), arm("candidate", 0.00301, 0.00009, 4109)],
  comparisons: [
    comparison(estimate(0.00178, 0.00012, 0), {
      guardrail: { margin: 0.00369, isNonInferior: true, isHarmed: false },
      plain: { kind: "plain", method: "welch", statistic: 38.1, pValue: 0, warning },
    }),
  ],
});

const tokens = metric({
  metric: "output_tokens",
  description: "Output tokens of a request, mean.",
  role: "watched",
  better: "lower",
  unit: "tokens",
  arms: [
    { ...arm("control", 183.2, 4.1), uncapped: 187.9 },
    { ...arm("candidate", 201.9, 4.4, 4109), uncapped: 201.9 },
  ],
  comparisons: [comparison(estimate(18.7, 7.1, 0.0004), { falseDiscoveryPValue: 0.0031 })],
});

const latencyLog = metric({
  metric: "latency_log",
  role: "watched",
  better: "lower",
  unit: "ms",
  scale: "log",
  arms: [arm("control", 812, 14), arm("candidate", 819, 15, 4109)],
  comparisons: [comparison(estimate(0.0086, 0.021, 0.61), { falseDiscoveryPValue: 0.61 })],
});

const sound: Soundness = {
  isSound: true,
  problems: [],
  sampleRatio: {
    kind: "sample_ratio",
    observed: { control: 4105, candidate: 4109 },
    expected: { control: 4107, candidate: 4107 },
    pValue: 0.9648,
    logBayesFactor: -4,
    isMismatch: false,
  },
  outcomeLoss: [],
  lostRecords: 0,
  crashedBoots: 0,
  orphanedOutcomes: 0,
};

function count(
  variantId: string,
  units: number,
  share: number,
  expectedShare: number | undefined,
): VariantCount {
  const role = variantId === "control" ? "control" : "treatment";
  return { variantId, role, units, requests: units * 3, share, expectedShare };
}

function decided(verdict: ExperimentReport["decision"]["verdict"], sentence: string) {
  return {
    verdict,
    variantId: "candidate",
    sentence,
    perVariant: [{ variantId: "candidate", verdict, reasons: [sentence] }],
  };
}

export const ship: ExperimentReport = {
  experimentId: "support-reply",
  description: "Does the larger model with the stricter prompt answer support questions better?",
  unit: "user",
  generatedAt: Date.UTC(2026, 10, 3, 12),
  alpha: 0.05,
  plannedUnits: 10_000,
  controlId: "control",
  decision: decided(
    "ship",
    'Ship "candidate": resolved is better by +3.1 points (+0.9 points to +5.3 points); all 2 guardrail metrics hold.',
  ),
  variants: [count("control", 4105, 0.49976, 0.5), count("candidate", 4109, 0.50024, 0.5)],
  phases: [],
  soundness: sound,
  progress: {
    units: 8214,
    plannedUnits: 10_000,
    isPlanReached: false,
    unitsPerDay: 850.4,
    daysLeft: 2.1,
    startedAt: Date.UTC(2026, 9, 24),
    lastRecordAt: Date.UTC(2026, 10, 3, 11, 58, 41),
  },
  metrics: [resolved, latency, cost, tokens, latencyLog],
  notes: [
    "41 % of the candidate's input tokens came from a cache and 62 % of the control's: its cost will fall.",
  ],
};

export const rollBack: ExperimentReport = {
  ...ship,
  decision: decided(
    "roll_back",
    'Roll back "candidate": error_rate is worse by +4.2 points (+2.0 points to +6.4 points).',
  ),
  metrics: [
    resolved,
    metric({
      metric: "error_rate",
      role: "guardrail",
      better: "lower",
      margin: { kind: "absolute", value: 0.01 },
      arms: [arm("control", 0.011, 0.0031), arm("candidate", 0.053, 0.0068, 4109)],
      comparisons: [
        comparison(estimate(0.042, 0.022, 0.00000003), {
          guardrail: { margin: 0.01, isNonInferior: false, isHarmed: true },
          plain: {
            kind: "plain",
            method: "fisher",
            statistic: undefined,
            pValue: 0.000002,
            warning: undefined,
          },
        }),
      ],
    }),
  ],
  notes: [],
};

export const keepRunning: ExperimentReport = {
  ...ship,
  decision: decided(
    "keep_running",
    "Keep running: no goal has won yet: resolved +1.2 points (-1.9 points to +4.3 points); not yet shown to be within its margin: latency_p95; 8214 of 10000 planned units, 3 more days at today's traffic.",
  ),
  metrics: [
    {
      ...resolved,
      arms: [arm("control", 0.712, 0.0139), arm("candidate", 0.724, 0.0137, 4109)],
      comparisons: [comparison(estimate(0.012, 0.031, 0.44), { adjustedPValue: 0.44 })],
    },
    {
      ...latency,
      comparisons: [
        comparison(
          {
            ...estimate(123, 0, 1),
            interval: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
          },
          { guardrail: { margin: 482, isNonInferior: false, isHarmed: false } },
        ),
      ],
    },
  ],
  notes: [],
};

export const belowTheFloor: ExperimentReport = {
  ...ship,
  description: "",
  decision: decided(
    "inconclusive",
    'Inconclusive for "candidate": too few units: candidate has 12, and 30 in each variant are the least that says anything.',
  ),
  variants: [count("control", 31, 0.721, 0.5), count("candidate", 12, 0.279, 0.5)],
  soundness: {
    ...sound,
    sampleRatio: unknown("fewer than 5 units are expected in a variant"),
    lostRecords: 3,
    crashedBoots: 1,
  },
  progress: { ...ship.progress, units: 43, unitsPerDay: undefined, daysLeft: undefined },
  metrics: [
    metric({
      metric: "resolved",
      arms: [arm("control", 0.7, undefined, 31), arm("candidate", undefined, undefined, 12)],
      comparisons: [
        comparison(
          unknown(
            "12 units in candidate and 31 in control have a value; 30 in each are the least, for below that an interval says more of its own method than of the variants",
          ),
        ),
      ],
    }),
  ],
  notes: [],
};

export const mismatch: ExperimentReport = {
  ...ship,
  decision: decided(
    "inconclusive",
    'Inconclusive for "candidate": sample ratio mismatch in phase 3f2a9c01d4e5: control 4105 (expected 4607), candidate 5109 (expected 4607).',
  ),
  variants: [count("control", 4105, 0.4455, 0.5), count("candidate", 5109, 0.5545, 0.5)],
  soundness: {
    ...sound,
    isSound: false,
    problems: [
      "sample ratio mismatch in phase 3f2a9c01d4e5: control 4105 (expected 4607), candidate 5109 (expected 4607), p = 1.5e-25; units are lost or sent elsewhere by variant, so no winner can be named",
    ],
  },
  metrics: [resolved],
  notes: [],
};

const threeArms = (values: readonly [number, number, number]) => [
  arm("control", values[0], 0.0139),
  arm("candidate", values[1], 0.0134),
  arm("concise", values[2], 0.0141),
];

export const threeVariants: ExperimentReport = {
  ...ship,
  decision: {
    verdict: "ship",
    variantId: "candidate",
    sentence:
      'Ship "candidate": resolved is better by +3.1 points (+0.9 points to +5.3 points); no guardrail metric is declared.',
    perVariant: [
      {
        variantId: "candidate",
        verdict: "ship",
        reasons: ["resolved is better by +3.1 points (+0.9 points to +5.3 points)"],
      },
      {
        variantId: "concise",
        verdict: "roll_back",
        reasons: ["resolved is worse by -4.0 points (-6.3 points to -1.7 points)"],
      },
    ],
  },
  variants: [
    count("control", 4105, 0.3333, 0.3333),
    count("candidate", 4105, 0.3333, 0.3333),
    count("concise", 4105, 0.3333, undefined),
  ],
  progress: {
    ...ship.progress,
    units: 12_315,
    plannedUnits: 12_000,
    isPlanReached: true,
    daysLeft: undefined,
  },
  metrics: [
    metric({
      metric: "resolved",
      arms: threeArms([0.712, 0.743, 0.672]),
      comparisons: [
        comparison(estimate(0.031, 0.022, 0.0021), {
          shown: "fixed",
          adjustedPValue: 0.0042,
          plain: {
            kind: "plain",
            method: "chi_squared",
            statistic: 9.873,
            pValue: 0.00168,
            warning: undefined,
          },
        }),
        comparison(estimate(-0.04, 0.023, 0.00001), {
          variantId: "concise",
          shown: "fixed",
          adjustedPValue: 0.00003,
          plain: {
            kind: "plain",
            method: "chi_squared",
            statistic: 15.2,
            pValue: 0.0001,
            warning: undefined,
          },
        }),
      ],
    }),
  ],
  notes: [],
};

/** Nobody has come, and no goal is declared. */
export const empty: ExperimentReport = {
  ...ship,
  description: "",
  decision: {
    verdict: "inconclusive",
    variantId: undefined,
    sentence: "Inconclusive: no goal is declared; list one under `analysis.goals` of the experiment.",
    perVariant: [],
  },
  variants: [count("control", 0, 0, 0.5), count("candidate", 0, 0, 0.5)],
  soundness: { ...sound, sampleRatio: unknown("no unit has been exposed") },
  progress: {
    units: 0,
    plannedUnits: 10_000,
    isPlanReached: false,
    unitsPerDay: undefined,
    daysLeft: undefined,
    startedAt: undefined,
    lastRecordAt: undefined,
  },
  metrics: [
    metric({ metric: "success_rate", role: "watched", arms: [], comparisons: [] }),
    metric({
      metric: "a_metric_of_a_very_long_name_indeed",
      role: "watched",
      unit: "value",
      arms: [arm("control", 0, 0, 0), arm("candidate", -1_234_567_890.5, 12.25, 0)],
      comparisons: [comparison(estimate(0, 0, 1))],
    }),
  ],
  notes: [],
};
