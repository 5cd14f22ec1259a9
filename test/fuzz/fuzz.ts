import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mutated, seeded } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

export interface FuzzRun {
  readonly target: FuzzTarget;
  readonly corpus: readonly Buffer[];
  readonly seed: number;
  /** Asked before each input: whether there is to be one more. */
  readonly goesOn: (runs: number) => boolean;
  /** Told of each input before it is tried. */
  readonly onInput?: (input: Buffer) => void;
}

export interface FuzzResult {
  readonly runs: number;
  /** Ways that inputs went. */
  readonly labels: ReadonlySet<string>;
  readonly broken: { readonly input: Buffer; readonly error: unknown } | undefined;
}

const maxPool = 2000;

/** First the corpus as it is, then changes of it, until one breaks the target. */
export async function fuzz({ target, corpus, seed, goesOn, onInput }: FuzzRun): Promise<FuzzResult> {
  const below = seeded(seed);
  const pool = [...corpus];
  const labels = new Set<string>();
  let runs = 0;
  for (; runs < corpus.length || goesOn(runs); runs++) {
    const input = corpus[runs] ?? mutated({ pool, words: target.words }, below);
    onInput?.(input);
    try {
      const label = await target.check(input);
      if (labels.has(label)) continue;
      labels.add(label);
      if (runs >= corpus.length && pool.length < maxPool) pool.push(input);
    } catch (error) {
      return { runs: runs + 1, labels, broken: { input, error } };
    }
  }
  return { runs, labels, broken: undefined };
}

const folder = join(import.meta.dirname, "corpus");

export function readCorpus(name: string): readonly Buffer[] {
  return readdirSync(join(folder, name))
    .toSorted()
    .map((file) => readFileSync(join(folder, name, file)));
}

/** Keeps an input that broke a target, and gives its path. */
export function keepInput(name: string, input: Uint8Array): string {
  const digest = createHash("sha256").update(input).digest("hex").slice(0, 12);
  mkdirSync(join(folder, name), { recursive: true });
  const path = join(folder, name, `broken-${digest}`);
  writeFileSync(path, input);
  return path;
}
