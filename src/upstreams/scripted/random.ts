import { hash } from "node:crypto";

/** A 32-bit unsigned integer that the texts decide: the same on every machine and in every run. */
export function seedOf(...texts: readonly string[]): number {
  // A JSON array keeps ("ab", "c") and ("a", "bc") apart.
  return Number.parseInt(hash("sha256", JSON.stringify(texts), "hex").slice(0, 8), 16);
}

/**
 * Numbers of [0, 1) by Marsaglia's xorshift (2003, shifts 13, 17, 5): enough for plausible noise, not for
 * statistics.
 */
export function createRandom(seed: number): () => number {
  // Zero is the one state that xorshift never leaves.
  let state = seed >>> 0 || 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 0x1_0000_0000;
  };
}

/** The item that the seed points at; the list must not be empty. */
export function itemAt<T>(items: readonly [T, ...T[]], seed: number): T {
  return items[Math.abs(Math.trunc(seed)) % items.length] ?? items[0];
}
