import assert from "node:assert/strict";
import fc from "fast-check";
import type { Inconclusive } from "../../src/domain/estimate.ts";

/** The result itself; fails the test when it is inconclusive. */
export function conclusive<T extends { readonly kind: string }>(result: T | Inconclusive): T {
  assert.notEqual(result.kind, "inconclusive", JSON.stringify(result));
  return result as T; // the assertion above is the check that the compiler cannot follow
}

export function reasonOf(result: unknown): string | undefined {
  return typeof result === "object" && result !== null && "reason" in result
    ? String(result.reason)
    : undefined;
}

/** Every number of a result, however deep. */
export function numbersOf(result: unknown): number[] {
  if (typeof result === "number") return [result];
  if (typeof result !== "object" || result === null) return [];
  return Object.values(result).flatMap(numbersOf);
}

export function assertNoNaN(result: unknown): void {
  assert.ok(!numbersOf(result).some(Number.isNaN), JSON.stringify(result));
}

/** Numbers that a careless caller may give, NaN and the infinities among them. */
export const anyNumber = fc.oneof(
  fc.double(),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0, 1, 1e-308, 1e308, -1e308, Number.NaN, Number.POSITIVE_INFINITY),
);

/** Sums and counts of an arm of 2 … 30 units that a test of a ratio can be made of. */
export const anyArm = fc
  .array(fc.tuple(fc.double({ min: -100, max: 100, noNaN: true }), fc.integer({ min: 1, max: 20 })), {
    minLength: 2,
    maxLength: 30,
  })
  .map((rows) => ({
    sums: rows.map(([sum]) => Math.round(sum * 1000) / 1000),
    counts: rows.map(([, count]) => count),
  }));
