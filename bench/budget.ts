/** What a request may cost: the figures of `budget.json`, how each is measured, and how far above it is too much. */
import { readFileSync } from "node:fs";
import { type AllocationPlan, bytesPerRequest } from "./allocation.ts";
import { cpuToRelay } from "./cpu-ratio.ts";

export type BudgetName = "bytesPerRequest" | "bytesPerTracedRequest" | "bytesPerStream" | "cpuToRelay";

interface Guard {
  readonly measure: () => Promise<number>;
  /**
   * Fails above this multiple. Bytes repeat within 1 %, CPU within 30 %. On a crowded machine chunks of a stream meet on the
   * way, which makes it cheaper by a tenth: budgets are renewed on a quiet one.
   */
  readonly tolerance: number;
  readonly digits: number;
}

export const plainPlan: AllocationPlan = { name: "plain", connections: 4, warm: 200, count: 250 };
const streamPlan: AllocationPlan = { name: "stream", connections: 16, warm: 16, count: 16 };

export const guards: Readonly<Record<BudgetName, Guard>> = {
  bytesPerRequest: { measure: () => bytesPerRequest(plainPlan), tolerance: 1.05, digits: 0 },
  bytesPerTracedRequest: {
    measure: () => bytesPerRequest({ ...plainPlan, isTraced: true }),
    tolerance: 1.05,
    digits: 0,
  },
  bytesPerStream: { measure: () => bytesPerRequest(streamPlan), tolerance: 1.05, digits: 0 },
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
