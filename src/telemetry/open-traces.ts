/** A trace whose request has not ended yet. */
export interface OpenTrace {
  /** The process ends first: what has been is kept, for an interrupted request is an incident. */
  interrupt(): void;
}

/** A place in the list; undefined neighbours are its ends. */
export interface OpenEntry {
  trace: OpenTrace | undefined;
  before: OpenEntry | undefined;
  after: OpenEntry | undefined;
}

/** A request that never ends must not hold its trace for ever: the oldest give way. */
const maxOpen = 10_000;

/**
 * A list whose entries let go of each other, and no Set: as it turns over, a Set leaves tables behind that hold what was open then, and
 * each the next one. Once one of them is old, all traces live until the next full collection (a third more memory, by measurement).
 */
export class OpenTraces {
  #oldest: OpenEntry | undefined;
  #newest: OpenEntry | undefined;
  #size = 0;

  add(trace: OpenTrace): OpenEntry {
    if (this.#size >= maxOpen && this.#oldest !== undefined) this.delete(this.#oldest);
    const before = this.#newest;
    const entry: OpenEntry = { trace, before, after: undefined };
    if (before === undefined) this.#oldest = entry;
    else before.after = entry;
    this.#newest = entry;
    this.#size += 1;
    return entry;
  }

  /** Does nothing for one that has given way. */
  delete(entry: OpenEntry): void {
    if (entry.trace === undefined) return;
    const { before, after } = entry;
    if (before === undefined) this.#oldest = after;
    else before.after = after;
    if (after === undefined) this.#newest = before;
    else after.before = before;
    entry.trace = undefined;
    entry.before = undefined;
    entry.after = undefined;
    this.#size -= 1;
  }

  interrupt(): void {
    for (let entry = this.#oldest; entry !== undefined; entry = this.#oldest) {
      const { trace } = entry;
      this.delete(entry);
      trace?.interrupt();
    }
  }
}
