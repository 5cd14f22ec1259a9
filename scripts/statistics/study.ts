import { createRandom, type Random } from "../../src/analysis/random.ts";
import type { Row } from "./score.ts";

/** One scenario, judged by several methods on the same draws. */
export interface Study {
  /** Of all studies the only one; its draws depend on it, the seed and the run alone. */
  readonly id: string;
  /** Heading of the table that its rows stand in. */
  readonly table: TableId;
  /** Of the runs that are asked for, the part that this study makes: a whole report costs more than a sum. */
  readonly part: number;
  readonly run: (draws: Draws) => readonly Row[];
}

export type TableId =
  | "one_look"
  | "peeking"
  | "peeking_latency"
  | "ramps"
  | "outages"
  | "failures"
  | "sample_ratio"
  | "loss"
  | "fallbacks"
  | "small_arm"
  | "decision";

export interface Draws {
  readonly runs: number;
  /** A stream of its own for each run, and for the runs with and without an effect. */
  readonly of: (run: number, what: "null" | "effect") => Random;
}

export function drawsOf({ id, part }: Study, asked: { readonly runs: number; readonly seed: number }): Draws {
  const keys = Array.from(id, (letter) => letter.codePointAt(0) ?? 0);
  return {
    runs: Math.max(1, Math.round(asked.runs * part)),
    of: (run, what) => createRandom(asked.seed, ...keys, what === "null" ? 0 : 1, run),
  };
}

export const iccs = [0, 0.05, 0.3, 0.5] as const;
