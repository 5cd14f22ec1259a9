import assert from "node:assert/strict";

/** Within `tolerance` of the expected value, relative to it above 1 and absolute below: for logarithms and values near 1. */
export function near(actual: number, expected: number, tolerance: number): void {
  within(actual, expected, tolerance * Math.max(1, Math.abs(expected)));
}

/** Relative, however small the expected value is. */
export function nearRelative(actual: number, expected: number, tolerance: number): void {
  within(actual, expected, tolerance * Math.abs(expected));
}

/** As many decimals as the source prints. */
export function toDecimals(actual: number, expected: number, decimals: number): void {
  within(actual, expected, 0.5000001 * 10 ** -decimals);
}

function within(actual: number, expected: number, distance: number): void {
  if (actual === expected) return;
  assert.ok(Math.abs(actual - expected) <= distance, `${actual} is not ${expected} within ${distance}`);
}
