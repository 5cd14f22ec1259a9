/** How often an address may be wrong about its credentials, so that guessing is slow and fills no log. */
import { Rate } from "./rate.ts";

/** A minute, from one address and from all together. */
const perAddress = 10;
const overall = 100;
/** Whoever has many addresses gets no memory of ours for them: the limit of all stands. */
const maxAddresses = 1000;

export class FailedLogins {
  readonly #byAddress = new Map<string, Rate>();
  readonly #all = new Rate();

  /** Counts one more, and says how long the next one is to wait; 0 while the limits are not reached. `now` is monotonic milliseconds. */
  add(address: string, now: number): number {
    const known = this.#byAddress.get(address) ?? new Rate();
    // The latest ones stay.
    this.#byAddress.delete(address);
    this.#byAddress.set(address, known);
    const [oldest] = this.#byAddress.keys();
    if (this.#byAddress.size > maxAddresses && oldest !== undefined) this.#byAddress.delete(oldest);
    const { waitMs } = known.take(perAddress, now);
    return waitMs > 0 ? waitMs : this.#all.take(overall, now).waitMs;
  }
}
