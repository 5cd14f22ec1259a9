import type { Comparison, MetricReport } from "../domain/report.ts";
import { benjaminiHochberg, holm } from "./multiple.ts";

/**
 * Holm over all goals and treatments together, since any of them would be called a win; Benjamini and Hochberg over what is only
 * watched, where a share of false finds is to be kept small. Both on the always-valid p-values, so they hold at every look. A goal
 * that has no p-value yet keeps its place among the goals: left out, it would lend the others an alpha that it takes back later.
 */
export function withCorrections(metrics: readonly MetricReport[]): readonly MetricReport[] {
  const family = (role: MetricReport["role"]) =>
    metrics.filter((metric) => metric.role === role).flatMap(({ comparisons }) => comparisons);
  const goals = family("goal");
  const watched = family("watched").filter(hasP);
  const adjusted = new Map(zip(goals, holm(goals.map(pOf))));
  const discovery = new Map(zip(watched, benjaminiHochberg(watched.map(pOf))));
  return metrics.map((metric) => ({
    ...metric,
    comparisons: metric.comparisons.map((comparison) => ({
      ...comparison,
      adjustedPValue: hasP(comparison) ? adjusted.get(comparison) : undefined,
      falseDiscoveryPValue: discovery.get(comparison),
    })),
  }));
}

function hasP({ sequence }: Comparison): boolean {
  return sequence.kind === "estimate";
}

function pOf({ sequence }: Comparison): number {
  return sequence.kind === "estimate" ? sequence.pValue : 1;
}

function zip<A, B>(one: readonly A[], other: readonly B[]): (readonly [A, B])[] {
  return one.flatMap((a, i) => {
    const b = other[i];
    return b === undefined ? [] : [[a, b] as const];
  });
}
