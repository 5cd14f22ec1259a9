/** Successes and failures of the last `windowMs`, in ten slices. */
export class FailureWindow {
  static readonly #slices = 10;
  readonly #sliceMs: number;
  readonly #calls = new Array<number>(FailureWindow.#slices).fill(0);
  readonly #failures = new Array<number>(FailureWindow.#slices).fill(0);
  #slice = 0;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / FailureWindow.#slices;
  }

  /** `now` in monotonic milliseconds. */
  record(isFailure: boolean, now: number): void {
    this.#advance(now);
    const at = this.#slice % FailureWindow.#slices;
    this.#calls[at] = (this.#calls[at] ?? 0) + 1;
    if (isFailure) this.#failures[at] = (this.#failures[at] ?? 0) + 1;
  }

  /** Strictly more than `ratio` of at least `minimumCalls` failed. */
  isOver(limits: { readonly failureRatio: number; readonly minimumCalls: number }, now: number): boolean {
    this.#advance(now);
    const calls = sum(this.#calls);
    return calls >= limits.minimumCalls && sum(this.#failures) > limits.failureRatio * calls;
  }

  clear(): void {
    this.#calls.fill(0);
    this.#failures.fill(0);
  }

  #advance(now: number): void {
    const slice = Math.floor(now / this.#sliceMs);
    const steps = Math.min(slice - this.#slice, FailureWindow.#slices);
    for (let step = 1; step <= steps; step++) {
      const at = (slice - steps + step) % FailureWindow.#slices;
      this.#calls[at] = 0;
      this.#failures[at] = 0;
    }
    if (slice > this.#slice) this.#slice = slice;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
