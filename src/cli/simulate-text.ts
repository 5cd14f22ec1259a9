/** What a simulation came to, as text for people. */
import type { ExperimentReport } from "../domain/report.ts";
import { amountText, counted, countText, differenceText, pText, shareText } from "./quantity.ts";
import { paint, type Screen, screenWidth, shownText, wrapped } from "./screen.ts";
import type { Finding } from "./simulate-findings.ts";
import type { PostedCounts } from "./simulate-poster.ts";
import type { Tally } from "./simulate-tally.ts";

export interface TrafficFacts {
  readonly tally: Tally;
  readonly posted: Readonly<PostedCounts>;
  readonly planned: number;
}

/** What the clients saw. */
export function trafficText({ tally, posted, planned }: TrafficFacts, screen: Screen): string {
  const { byResult, failures, variants, assignments } = tally;
  const median = tally.latency(0.5);
  const p95 = tally.latency(0.95);
  const latency =
    median === undefined
      ? ""
      : `; latency ${countText(median)} ms at the median, ${countText(p95 ?? median)} ms at p95`;
  const rest = planned > tally.requests ? ` of ${countText(planned)} planned` : "";
  const others = [...assignments].filter(([reason]) => reason !== "split");
  const lines = [
    `${rest === "" ? counted(tally.requests, "request") : `${countText(tally.requests)} requests${rest}`}: ${countText(byResult.answered)} answered, ${countText(byResult.refused)} refused, ${countText(byResult.cut)} cut, ${countText(byResult.abandoned)} given up by the client, ${countText(byResult.unreachable)} without an answer${latency}`,
    ...(tally.retried > 0 ? [`${counted(tally.retried, "answer")} took more than one attempt`] : []),
    ...listed("failures", failures, " × "),
    ...listed("by split", new Map([...variants].map(([id, { requests }]) => [id, requests]))),
    ...listed("by another reason", new Map(others)),
    `outcomes: ${countText(posted.stored)} stored, ${countText(posted.duplicate)} known already, ${countText(posted.refused)} refused`,
    ...(posted.reason === undefined ? [] : [`the first refusal: ${posted.reason}`]),
  ];
  const shown = lines.flatMap((line) => wrapped(shownText(line, screen), screenWidth - 2, "  "));
  return `${[paint("traffic", "bold", screen), ...shown.map((line) => `  ${line}`)].join("\n")}\n`;
}

// A failure's name begins with a number, its status.
function listed(what: string, counts: ReadonlyMap<string, number>, between = " "): string[] {
  const parts = [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${countText(count)}${between}${name}`);
  return parts.length === 0 ? [] : [`${what}: ${parts.join(", ")}`];
}

export interface TruthFacts {
  readonly icc: number;
  /** In the results too, from before the simulation. */
  readonly earlierRequests: number;
  /** Units that the simulation sent requests of. */
  readonly unitsSent: number;
}

/** The truth beside the findings, and whether the traffic was split as planned. */
export function truthText(
  report: ExperimentReport,
  findings: readonly Finding[],
  facts: TruthFacts,
  screen: Screen,
): string {
  const title = `what was set, and what the statistics found (${report.unit}s, intraclass correlation ${facts.icc})`;
  const rows = findings.map((finding) => rowOf(finding, screen));
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const lines = rows.map(({ cells, isInside }) => {
    const text = cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
    return `  ${paint(text.trimEnd(), isInside === false ? "yellow" : undefined, screen)}`;
  });
  const ratio = [...strangerSentences(report, facts), ratioSentence(report)].flatMap((sentence) =>
    wrapped(shownText(sentence, screen), screenWidth - 2, "  "),
  );
  return `${[paint(title, "bold", screen), ...lines, ...ratio.map((line) => `  ${line}`)].join("\n")}\n`;
}

/** Whom the results are of besides those who were sent. */
function strangerSentences(
  { progress, unit }: ExperimentReport,
  { earlierRequests, unitsSent }: TruthFacts,
): readonly string[] {
  const strangers = progress.units - unitsSent;
  const before = `${counted(earlierRequests, "request")} of before are in it too: what was set is not all that was true`;
  const more = `the statistics hold ${counted(progress.units, unit)}, and ${countText(unitsSent)} were sent: others are in it too`;
  return [...(earlierRequests > 0 ? [before] : []), ...(strangers > 0 ? [more] : [])];
}

function rowOf(
  finding: Finding,
  screen: Screen,
): { readonly cells: readonly string[]; readonly isInside: boolean | undefined } {
  const { metric, variantId, set, found, isInside, reason, report, intraclassCorrelation: icc } = finding;
  const amount = set === 0 ? "0" : `${set > 0 ? "+" : ""}${amountText(set, report)}`;
  const difference =
    found === undefined ? "found nothing" : `found ${differenceText(found.value, found.interval, report)}`;
  const judged = isInside === true ? "inside" : isInside === false ? "OUTSIDE" : (reason ?? "");
  const similar = icc === undefined ? "" : `correlation ${icc.toFixed(2)}`;
  const last = [judged, similar].filter((part) => part !== "").join(", ");
  const cells = [`${metric} ${variantId}`, `set ${amount}`, difference, last];
  return { cells: cells.map((cell) => shownText(cell, screen)), isInside };
}

function ratioSentence({ soundness: { sampleRatio }, variants, unit }: ExperimentReport): string {
  const shares = variants.map(({ variantId, units, share, expectedShare }) => {
    const planned = expectedShare === undefined ? "" : ` of ${shareText(expectedShare)} planned`;
    return `${variantId} ${counted(units, unit)}, ${shareText(share)}${planned}`;
  });
  const judged =
    sampleRatio.kind === "sample_ratio"
      ? `p ${pText(sampleRatio.pValue)}${sampleRatio.isMismatch ? ", MISMATCH" : ""}`
      : sampleRatio.message;
  return `sample ratio: ${shares.join("; ")}; ${judged}`;
}

/** The same for programs. */
export function trafficView({ tally, posted, planned }: TrafficFacts): Readonly<Record<string, unknown>> {
  const { requests, retried, byResult, failures, variants, assignments } = tally;
  return {
    planned,
    requests,
    ...byResult,
    retried,
    failures: Object.fromEntries(failures),
    variants: Object.fromEntries(variants),
    assignments: Object.fromEntries(assignments),
    latencyMs: { p50: tally.latency(0.5), p95: tally.latency(0.95) },
    outcomes: posted,
  };
}
