import type { Inconclusive, InconclusiveReason } from "../domain/estimate.ts";

export function inconclusive(reason: InconclusiveReason, message: string): Inconclusive {
  return { kind: "inconclusive", reason, message };
}
