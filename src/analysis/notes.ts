/** Pitfalls that the numbers of this experiment can fall into, told to the reader instead of being hidden. */
import type { AnalysisPlan, MetricReport, PhaseReport, Progress, Soundness } from "../domain/report.ts";
import type { FactColumns } from "./fact-columns.ts";

export interface NoteFacts {
  readonly plan: AnalysisPlan;
  readonly facts: FactColumns;
  readonly phases: readonly PhaseReport[];
  readonly soundness: Soundness;
  readonly metrics: readonly MetricReport[];
  readonly progress: Progress;
  readonly now: number;
}

export function notesOf(asked: NoteFacts): readonly string[] {
  return [
    ...phaseNotes(asked),
    ...unitNotes(asked),
    ...modelNotes(asked.facts),
    ...windowNotes(asked),
    ...quantileNotes(asked),
    ...responseNotes(asked),
    ...fallbackNotes(asked),
    ...lossNotes(asked.soundness),
    ...capNotes(asked.metrics),
  ];
}

function phaseNotes({ phases }: NoteFacts): string[] {
  const killed = phases.filter(({ killed: variants }) => variants.length > 0);
  return [
    ...(phases.length > 1
      ? [
          `${phases.length} phases (a ratio, model or prompt changed): differences are made within each and pooled; the values of the variants are over all of them, so subtracting them may give another number. Quantiles and plain tests use the newest phase.`,
        ]
      : []),
    ...(killed.length > 0
      ? [`in ${killed.length} of them a kill switch was on: killed variants are not compared there`]
      : []),
  ];
}

function unitNotes({ plan, progress }: NoteFacts): string[] {
  const notes: string[] = [];
  if (plan.unit === "org" && progress.units < 40)
    notes.push(`${progress.units} organisations: fewer than 40 are too few to randomise by`);
  if (plan.unit === "request")
    notes.push(
      "each request is a unit of its own: requests of one user are taken as independent, which they rarely are",
    );
  return notes;
}

function modelNotes({ models }: FactColumns): string[] {
  return [...models].flatMap(([variant, counts]) => {
    if (counts.size < 2) return [];
    const names = [...counts].map(([name, count]) => `${name} (${count})`).slice(0, 5);
    return [
      `variant "${variant}" was answered by ${counts.size} models: ${names.join(", ")}. Its alias has moved: before and after are not the same variant.`,
    ];
  });
}

/** Requests that cannot count yet, so that a metric without values does not look broken. */
function windowNotes({ plan, facts, now }: NoteFacts): string[] {
  return plan.metrics.flatMap(({ metric }) => {
    const windowMs = plan.definitions.find(({ name }) => name === metric)?.outcome?.windowMs;
    if (windowMs === undefined || windowMs === Number.POSITIVE_INFINITY) return [];
    let waiting = 0;
    let first = Number.POSITIVE_INFINITY;
    for (let i = 0; i < facts.length; i++) {
      const closesAt = (facts.receivedAt[i] ?? 0) + windowMs;
      if ((facts.cell[i] ?? -1) < 0 || closesAt <= now) continue;
      waiting++;
      first = Math.min(first, closesAt);
    }
    if (waiting === 0) return [];
    const at = new Date(first).toISOString();
    return [
      `"${metric}": ${waiting} requests wait for its window to close, the next at ${at}; until then they do not count`,
    ];
  });
}

function quantileNotes({ metrics }: NoteFacts): string[] {
  const names = metrics
    .filter(({ role, kind }) => role !== "watched" && kind === "quantile")
    .map(({ metric }) => metric);
  if (names.length === 0) return [];
  return [
    `${names.join(", ")}: the variants' values are of all requests; the difference that holds at every look is of the first request of each unit, so the two need not add up`,
  ];
}

function responseNotes({ metrics, plan }: NoteFacts): string[] {
  const names = metrics
    .filter(
      ({ metric, role }) =>
        role !== "watched" &&
        plan.definitions.find(({ name }) => name === metric)?.outcome?.per === "outcome",
    )
    .map(({ metric }) => `"${metric}"`);
  if (names.length === 0) return [];
  return [
    `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} known of the units that answered, who are not everybody`,
  ];
}

function fallbackNotes({ facts, plan }: NoteFacts): string[] {
  const counts = new Map<string, { requests: number; other: number }>();
  for (let i = 0; i < facts.length; i++) {
    const cell = facts.cell[i] ?? -1;
    if (cell < 0) continue;
    const variant = facts.variants[facts.cellVariant[cell] ?? 0] ?? "";
    const count = counts.get(variant) ?? { requests: 0, other: 0 };
    count.requests++;
    if (facts.served[i] !== facts.cellVariant[cell]) count.other++;
    counts.set(variant, count);
  }
  const shares = plan.variantIds.flatMap((id) => {
    const { requests, other } = counts.get(id) ?? { requests: 0, other: 0 };
    return other === 0 ? [] : [`${((100 * other) / requests).toFixed(1)} % of "${id}"`];
  });
  if (shares.length === 0) return [];
  return [
    `served by something else (fallback, kill, failure): ${shares.join(", ")}. They count for the variant that they were assigned to; "as treated" is the other view, and biased.`,
  ];
}

function lossNotes({ lostRecords, crashedBoots, orphanedOutcomes }: Soundness): string[] {
  return [
    ...(lostRecords > 0
      ? [`${lostRecords === 1 ? "1 record was" : `${lostRecords} records were`} numbered and not stored`]
      : []),
    ...(crashedBoots > 0
      ? [
          `${crashedBoots === 1 ? "1 boot or worker" : `${crashedBoots} boots or workers`} ended without saying so: what each had not yet committed or handed over may be missing`,
        ]
      : []),
    ...(orphanedOutcomes > 0
      ? [
          `${orphanedOutcomes === 1 ? "1 outcome is" : `${orphanedOutcomes} outcomes are`} of requests that are not in the store (yet)`,
        ]
      : []),
  ];
}

function capNotes(metrics: readonly MetricReport[]): string[] {
  const moved = metrics.filter(
    ({ role, arms }) =>
      role !== "watched" &&
      arms.some(
        ({ value, uncapped }) => value !== undefined && uncapped !== undefined && uncapped > value * 1.001,
      ),
  );
  if (moved.length === 0) return [];
  const names = moved.map(({ metric }) => metric).join(", ");
  return [
    `values above the 99.9th percentile of all variants count as that percentile: ${names}; \`uncapped\` has the plain mean`,
  ];
}
