/** One method over all looks of a run: when it first claims an effect, and whether its interval ever lost the truth. */
import { type Claim, holds } from "./claim.ts";
import { type Method, Score } from "./score.ts";

export class Watch {
  readonly score: Score;
  /** Units at the first claim of a higher treatment, and of any difference. */
  #higherAt: number | undefined;
  #anyAt: number | undefined;
  #isCovered = true;

  constructor(method: Method) {
    this.score = new Score(method);
  }

  look(claim: Claim | undefined, at: { readonly units: number; readonly truth: number }): void {
    if (claim === undefined) return;
    if (!holds(claim.interval, at.truth)) this.#isCovered = false;
    if (!(claim.pValue < 0.05)) return;
    this.#anyAt ??= at.units;
    if (claim.value > 0) this.#higherAt ??= at.units;
  }

  endNull(): void {
    this.score.alarm(this.#anyAt !== undefined);
    this.#reset();
  }

  endEffect(): void {
    this.score.cover(this.#isCovered);
    this.score.findAt(this.#higherAt);
    this.#reset();
  }

  #reset(): void {
    this.#higherAt = undefined;
    this.#anyAt = undefined;
    this.#isCovered = true;
  }
}

/** Units an arm before anybody looks: the report's own default. */
export const leastUnits = 30;
