/** A report as text for people, the verdict first. */
import type { Inconclusive } from "../domain/estimate.ts";
import type { ExperimentReport, PlainTest, Progress, Soundness, Verdict } from "../domain/report.ts";
import { counted, countText, pText, shareText } from "./quantity.ts";
import { comparisonTable, shownMetrics, type TableOptions } from "./results-table.ts";
import { type Colour, paint, type Screen, screenWidth, shownText, wrapped } from "./screen.ts";

export function resultsText(report: ExperimentReport, options: TableOptions): string {
  const { screen } = options;
  const parts = [
    verdictLines(report, screen),
    soundnessLines(report, screen),
    progressLines(report, screen),
    ...tablesOf(report, options),
    plainLines(report, options),
    listed("notes", report.notes, screen),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

const verdicts: Readonly<Record<Verdict, { readonly name: string; readonly colour: Colour }>> = {
  ship: { name: "ship", colour: "green" },
  roll_back: { name: "roll back", colour: "red" },
  keep_running: { name: "keep running", colour: "yellow" },
  inconclusive: { name: "inconclusive", colour: "yellow" },
};

function verdictLines({ decision }: ExperimentReport, screen: Screen): string[] {
  const lines = wrapped(shownText(decision.sentence, screen), screenWidth);
  return lines.map((line) => paint(line, verdicts[decision.verdict].colour, screen));
}

function soundnessLines({ soundness }: ExperimentReport, screen: Screen): string[] {
  const colour = soundness.isSound ? "yellow" : "red";
  const problems = soundness.problems.flatMap((problem) => bullet("!", problem, screen));
  if (problems.length > 0) return problems.map((line) => paint(line, colour, screen));
  const signs = screen.isUnicode ? { good: "✓", open: "·" } : { good: "+", open: "." };
  const hasCrashed = soundness.crashedBoots > 0;
  const sign = isUsual(soundness.sampleRatio) ? signs.good : signs.open;
  const lines = bullet(hasCrashed ? "!" : sign, soundSentence(soundness), screen);
  return lines.map((line) => paint(line, hasCrashed ? "yellow" : undefined, screen));
}

// Ten times the p-value of a mismatch: one look in a hundred is as far off by chance.
const unusualP = 0.01;

function isUsual(ratio: Soundness["sampleRatio"]): boolean {
  return ratio.kind === "sample_ratio" && ratio.pValue >= unusualP;
}

function soundSentence({ sampleRatio, lostRecords, crashedBoots }: Soundness): string {
  return `${ratioText(sampleRatio)}; ${lossText(lostRecords, crashedBoots)}`;
}

function ratioText(ratio: Soundness["sampleRatio"]): string {
  if (ratio.kind !== "sample_ratio") return `traffic cannot be held against the allocation: ${ratio.message}`;
  const p = `p ${pText(ratio.pValue)}`;
  if (isUsual(ratio)) return `traffic matches the allocation (${p})`;
  return `traffic beside the allocation: ${p}, unusual, not yet a mismatch`;
}

function lossText(lostRecords: number, crashedBoots: number): string {
  if (crashedBoots === 0) return `${counted(lostRecords, "record")} lost`;
  const crashes = crashedBoots === 1 ? "1 crash" : `each of ${countText(crashedBoots)} crashes`;
  const known = `${counted(lostRecords, "record")} known to be lost`;
  return `${known}; what the last commit interval before ${crashes} held may be missing`;
}

function progressLines(report: ExperimentReport, screen: Screen): string[] {
  const { description, experimentId, progress, variants, unit } = report;
  const title = description === "" ? experimentId : `${experimentId}: ${description}`;
  const width = Math.max(...variants.map(({ variantId }) => variantId.length));
  const arms = variants.map((arm) => {
    const expected = arm.expectedShare === undefined ? "" : `, planned ${shareText(arm.expectedShare)}`;
    const name = `  ${arm.variantId.padEnd(width)}  `;
    return `${name}${counted(arm.units, unit)}, ${counted(arm.requests, "request")}, ${shareText(arm.share)} of the ${unit}s${expected}`;
  });
  return [
    ...wrapped(shownText(title, screen), screenWidth).map((line) => paint(line, "bold", screen)),
    ...wrapped(progressSentence(progress, unit), screenWidth),
    ...arms.map((line) => shownText(line, screen)),
  ];
}

function progressSentence(progress: Progress, unit: string): string {
  const { units, plannedUnits, isPlanReached, unitsPerDay, daysLeft, lastRecordAt } = progress;
  const share = plannedUnits > 0 ? ` (${Math.floor((units / plannedUnits) * 100)} %)` : "";
  const end = isPlanReached ? "planned size reached" : daysLeft === undefined ? undefined : left(daysLeft);
  const rate = unitsPerDay === undefined ? undefined : `${countText(unitsPerDay)} a day`;
  const last = lastRecordAt === undefined ? "no record yet" : `last record ${timeText(lastRecordAt)}`;
  return [`${countText(units)} of ${countText(plannedUnits)} ${unit}s${share}`, rate, end, last]
    .filter((part) => part !== undefined)
    .join("; ");
}

function left(days: number): string {
  return days < 10 ? `about ${days.toFixed(1)} days left` : `about ${countText(days)} days left`;
}

function treatmentsOf({ variants, controlId }: ExperimentReport): readonly string[] {
  return variants.map(({ variantId }) => variantId).filter((id) => id !== controlId);
}

function tablesOf(report: ExperimentReport, options: TableOptions): readonly string[][] {
  const hasGoal = report.metrics.some(({ role }) => role === "goal");
  const cure = options.isAll ? "" : "; --all shows what is measured anyway";
  const missing = hasGoal ? [] : [[`No goal: declare analysis.goals: [METRIC] in the experiment${cure}.`]];
  if (shownMetrics(report, options.isAll).length === 0) return missing;
  return [...missing, ...treatmentsOf(report).map((variantId) => treatmentBlock(report, variantId, options))];
}

function treatmentBlock(report: ExperimentReport, variantId: string, options: TableOptions): string[] {
  const table = comparisonTable(report, variantId, options);
  if (treatmentsOf(report).length < 2) return table;
  const { screen } = options;
  const decided = report.decision.perVariant.find((one) => one.variantId === variantId);
  const { name, colour } = verdicts[decided?.verdict ?? "inconclusive"];
  const title = `${shownText(variantId, screen)}: ${name}`;
  const reasons = (decided?.reasons ?? []).flatMap((reason) => bullet("-", reason, screen));
  return [paint(title, colour, screen), ...reasons, ...table];
}

/** The tests of the textbooks, by goal and watched metric, and once what is wrong with looking at them now. */
function plainLines(report: ExperimentReport, { screen, isAll }: TableOptions): string[] {
  const metrics = shownMetrics(report, isAll);
  const hasMany = treatmentsOf(report).length > 1;
  // Of a guardrail it would test for a difference, which is not what its margin asks.
  const tested = metrics.filter(({ role }) => role !== "guardrail");
  const tests = tested.flatMap((metric) =>
    metric.comparisons.map(({ variantId, plain }) => ({
      name: shownText(hasMany ? `${metric.metric} ${variantId}` : metric.metric, screen),
      plain,
    })),
  );
  if (tests.length === 0) return [];
  const width = Math.max(...tests.map(({ name }) => name.length));
  const warnings = new Set(
    tests.flatMap(({ plain }) =>
      plain.kind === "plain" && plain.warning !== undefined ? [plain.warning] : [],
    ),
  );
  return [
    paint(`plain tests, one value for each ${report.unit}`, "bold", screen),
    ...tests.flatMap(({ name, plain }) => plainTestLines(name.padEnd(width), plain, screen)),
    ...[...warnings]
      .flatMap((warning) => bullet("!", warning, screen))
      .map((line) => paint(line, "yellow", screen)),
  ];
}

const methodNames = { welch: "Welch t", chi_squared: "chi-squared", fisher: "Fisher" } as const;

function plainTestLines(name: string, plain: PlainTest | Inconclusive, screen: Screen): string[] {
  const text = shownText(plain.kind === "plain" ? plainText(plain) : plain.message, screen);
  const begin = `  ${name}  `;
  const [first = "", ...rest] = wrapped(text, Math.max(40, screenWidth - begin.length));
  return [`${begin}${first}`, ...rest.map((line) => `${" ".repeat(begin.length)}${line}`)];
}

function plainText({ method, statistic, pValue }: PlainTest): string {
  const value = statistic === undefined ? "" : ` ${statistic.toFixed(2)},`;
  return `${methodNames[method]}${value} p ${pText(pValue)}`;
}

function listed(title: string, texts: readonly string[], screen: Screen): string[] {
  if (texts.length === 0) return [];
  return [paint(title, "bold", screen), ...texts.flatMap((text) => bullet("-", text, screen))];
}

function bullet(sign: string, text: string, screen: Screen): string[] {
  return wrapped(`${sign} ${shownText(text, screen)}`, screenWidth - 2, "  ").map((line) => `  ${line}`);
}

/** `2026-11-03 11:58 UTC`. */
function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
