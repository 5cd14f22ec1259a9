/** What keys have spent today, in a file beside the journal: a restart must not give a budget back. */
import { existsSync, readFileSync, renameSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import type { SpendTotals } from "../core/spend-ledger.ts";

export interface SpendFile {
  /** What it held; undefined where there is none, or where it was damaged and has been set aside. */
  readonly totals: SpendTotals | undefined;
  /** At every moment the path holds the old totals or the whole new ones. */
  save(totals: SpendTotals): Promise<void>;
}

export function openSpendFile(path: string, onCorrupt: (message: string) => void): SpendFile {
  return {
    totals: read(path, onCorrupt),
    async save(totals) {
      await writeFile(`${path}.new`, JSON.stringify(totals), { mode: 0o600, flush: true });
      await rename(`${path}.new`, path);
    },
  };
}

function read(path: string, onCorrupt: (message: string) => void): SpendTotals | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const totals: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isTotals(totals)) return totals;
  } catch {
    // What cannot be read is set aside as what makes no sense is.
  }
  const aside = `${path}.corrupt-${Date.now()}`;
  renameSync(path, aside);
  onCorrupt(`${path} is damaged: the budgets of keys begin anew today; it is kept as ${aside}`);
  return undefined;
}

function isTotals(value: unknown): value is SpendTotals {
  if (!isObject(value) || !Number.isSafeInteger(value.day) || !isObject(value.byKey)) return false;
  return Object.values(value.byKey).every(
    (spend) => isObject(spend) && isAmount(spend.tokens) && isAmount(spend.usd),
  );
}

function isAmount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
