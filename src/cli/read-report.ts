import { isObject } from "../core/chat-completion.ts";
import { Failure } from "../domain/failure.ts";
import type { ExperimentReport } from "../domain/report.ts";

/**
 * The report out of the server's JSON, in which what is not finite is null: a null bound of an interval is infinite again, and
 * any other null is a value that is not there. Throws `invalid_value` for an answer that is no report.
 */
export function readReport(answer: Record<string, unknown>): ExperimentReport {
  const { decision, soundness, progress, variants, metrics, notes } = answer;
  const isReport =
    isObject(decision) &&
    verdicts.includes(String(decision.verdict)) &&
    isObject(soundness) &&
    isObject(progress) &&
    [variants, metrics, notes].every(Array.isArray);
  if (!isReport) {
    throw new Failure(
      "invalid_value",
      "The server's answer is no report that this command can read; is it of another version?",
    );
  }
  // The parse boundary: the server is this package, and what it writes is this type with nulls.
  return revived(answer) as ExperimentReport;
}

/** `used` leaves out what is only watched, which costs the server time. */
export function resultsPath(experimentId: string, metrics: "used" | "all"): string {
  return `/admin/experiments/${encodeURIComponent(experimentId)}/results?metrics=${metrics}`;
}

const verdicts: readonly string[] = ["ship", "roll_back", "keep_running", "inconclusive"];

function revived(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(revived);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === "interval" && isObject(member) ? boundsOf(member) : revived(member),
    ]),
  );
}

function boundsOf({ low, high }: Record<string, unknown>): { low: unknown; high: unknown } {
  return { low: low ?? Number.NEGATIVE_INFINITY, high: high ?? Number.POSITIVE_INFINITY };
}
