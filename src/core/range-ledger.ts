import { createHmac } from "node:crypto";
import type { ExperimentConfig } from "../domain/config.ts";
import type { Allocation, LedgerEntry, PositionRange } from "../domain/experiment.ts";
import { mergeRanges, overlapOf, percent, shareOf, subtractRanges } from "./line.ts";

export type LedgerConflict =
  | {
      readonly kind: "line_changed";
      readonly experimentId: string;
      readonly message: string;
    }
  | {
      readonly kind: "moved";
      readonly experimentId: string;
      readonly from: string;
      readonly to: string;
      /** Part of the whole line that would change variant, 0 to 1. */
      readonly share: number;
      readonly message: string;
    };

/**
 * Names what gives positions their meaning: hash, key, unit type and salt. Two equal lines put every unit at the same
 * position. Of the secret only a short fingerprint is told, enough to see that it was changed.
 */
export function lineOf(experiment: ExperimentConfig): string {
  const { hash, hashSecret, unit, salt } = experiment;
  const isKeyed = hashSecret !== undefined && hash === "assay_v1";
  const key = isKeyed ? ` hmac=${fingerprint(hashSecret.reveal())}` : "";
  return `${hash}${key} unit=${unit} salt=${salt}`;
}

/**
 * What the allocation exposes and the ledger does not have yet. A line other than the latest one is written whole, even
 * if it was in use before, so that the last entry of an experiment always tells its current line.
 */
export function newEntries(
  ledger: readonly LedgerEntry[],
  experiment: ExperimentConfig,
  allocation: Allocation,
): readonly LedgerEntry[] {
  const line = lineOf(experiment);
  const isCurrent = latestLine(ledger, experiment.id) === line;
  const known = isCurrent ? entriesOf(ledger, experiment.id, line) : [];
  return variantIds(allocation).flatMap((variantId) => {
    const taken = known.filter((entry) => entry.variantId === variantId);
    const exposed = mergeRanges(allocation.ranges.filter((range) => range.variantId === variantId));
    return exposed
      .flatMap((range) => subtractRanges(range, taken))
      .map(({ start, end }) => ({ experimentId: experiment.id, line, variantId, start, end }));
  });
}

/**
 * Every way in which the allocation would show a unit another variant than the one that it has met: a changed line that
 * is not declared, and positions of the line itself that change variant. Positions that are exposed no longer, or for the
 * first time, are no conflict. `rerandomise` permits a new line, never a move on the same one.
 */
export function conflicts(
  ledger: readonly LedgerEntry[],
  experiment: ExperimentConfig,
  allocation: Allocation,
): readonly LedgerConflict[] {
  const line = lineOf(experiment);
  const latest = latestLine(ledger, experiment.id);
  const moves = movesOf(entriesOf(ledger, experiment.id, line), allocation).map((move) =>
    movedConflict(experiment, move),
  );
  // A request never comes again: there is nobody whom a change of shares could move.
  const moved = experiment.unit === "request" ? [] : moves;
  if (latest === undefined || latest === line || experiment.rerandomise) return moved;
  return [lineConflict(experiment, latest, line), ...moved];
}

function entriesOf(ledger: readonly LedgerEntry[], experimentId: string, line: string) {
  return ledger.filter((entry) => entry.experimentId === experimentId && entry.line === line);
}

function latestLine(ledger: readonly LedgerEntry[], experimentId: string): string | undefined {
  return ledger.findLast((entry) => entry.experimentId === experimentId)?.line;
}

function variantIds(allocation: Allocation): readonly string[] {
  return [...new Set(allocation.ranges.map((range) => range.variantId))];
}

interface Move {
  readonly from: string;
  readonly to: string;
  readonly ranges: readonly PositionRange[];
}

function movesOf(entries: readonly LedgerEntry[], allocation: Allocation): readonly Move[] {
  const moves = new Map<string, Move>();
  for (const entry of entries) {
    for (const range of allocation.ranges) {
      const overlap = entry.variantId === range.variantId ? undefined : overlapOf(entry, range);
      if (overlap === undefined) continue;
      const key = JSON.stringify([entry.variantId, range.variantId]);
      const earlier = moves.get(key)?.ranges ?? [];
      moves.set(key, {
        from: entry.variantId,
        to: range.variantId,
        ranges: mergeRanges([...earlier, overlap]),
      });
    }
  }
  return [...moves.values()];
}

function movedConflict(experiment: ExperimentConfig, move: Move): LedgerConflict {
  const share = shareOf(move.ranges);
  const cure = experiment.rerandomise
    ? `rerandomise has no effect while the salt stays "${experiment.salt}"; give the experiment a new salt`
    : `put coverage and weights back, or set rerandomise: true together with a new salt`;
  const message =
    `experiment "${experiment.id}" would move ${percent(share)} of its units from variant "${move.from}", which ` +
    `they may have met, to "${move.to}"; ${cure}`;
  return { kind: "moved", experimentId: experiment.id, from: move.from, to: move.to, share, message };
}

function lineConflict(experiment: ExperimentConfig, latest: string, line: string): LedgerConflict {
  const message =
    `experiment "${experiment.id}" would rerandomise all of its units: it ran on [${latest}] and now says [${line}]; ` +
    `put that back, or set rerandomise: true to open a new phase`;
  return { kind: "line_changed", experimentId: experiment.id, message };
}

function fingerprint(secret: string): string {
  return createHmac("sha256", secret).update("assay/line").digest("hex").slice(0, 8);
}
