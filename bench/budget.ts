/** What a request may cost: the figures of `budget.json`, how each is measured, and how far above it is too much. */
import { readFileSync } from "node:fs";
import { type AllocationPlan, bytesPerRequest } from "./allocation.ts";
import { cpuToRelay } from "./cpu-ratio.ts";

export type BudgetName = "bytesPerRequest" | "bytesPerStream" | "cpuToRelay";

interface Guard {
  readonly measure: () => Promise<number>;
  /** Fails above this multiple. Bytes repeat within 1 %, of streams within 6 % (chunks meet on the way), CPU within 30 %. */
  readonly tolerance: number;
  readonly digits: number;
}

export const plainPlan: AllocationPlan = { scenario: "plain", warm: 400, count: 500 };
const streamPlan: AllocationPlan = { scenario: "stream", warm: 20, count: 40 };

export const guards: Readonly<Record<BudgetName, Guard>> = {
  bytesPerRequest: { measure: () => bytesPerRequest(plainPlan), tolerance: 1.1, digits: 0 },
  bytesPerStream: { measure: () => bytesPerRequest(streamPlan), tolerance: 1.25, digits: 0 },
  cpuToRelay: { measure: cpuToRelay, tolerance: 2, digits: 2 },
};

export const budgetFile: string = new URL("budget.json", import.meta.url).pathname;

export function readBudget(): Readonly<Record<BudgetName, number>> {
  // Parse boundary: only `guard.ts --update` writes it.
  return JSON.parse(readFileSync(budgetFile, "utf8")) as Record<BudgetName, number>;
}

/** The most that may be measured. */
export function mostOf(name: BudgetName): number {
  return readBudget()[name] * guards[name].tolerance;
}
