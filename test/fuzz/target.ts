/** One thing that reads what strangers write. */
export interface FuzzTarget {
  /**
   * Throws where this input breaks a promise; a refusal that the promise allows is no throw. The label says in which way the
   * input went: a new one makes the input worth changing further.
   */
  check(input: Buffer): string | Promise<string>;
  /** Pieces of the language, which chance alone would not write. */
  readonly words: readonly string[];
  close?(): Promise<void>;
}

export type FuzzTargetMaker = () => FuzzTarget | Promise<FuzzTarget>;
