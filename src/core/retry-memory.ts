import type { Headers } from "../domain/chat.ts";
import type { Assignment } from "../domain/experiment.ts";

const maxKeys = 5000;

/** Knows a client's own retry: by the SDK's header, or by an idempotency key that an exposed request has used before. */
export class RetryMemory {
  /** Two generations and no deletions: a Set that loses its oldest entry each time looks past all that it has lost. */
  #keys = new Set<string>();
  #keysBefore = new Set<string>();

  /** A retry is not a new exposure. A key is one unit's own: that of another is another key. */
  isRetry(headers: Headers, assignment: Assignment | undefined, unitHash: string | undefined): boolean {
    if (Number(headers["x-stainless-retry-count"] ?? 0) > 0) return true;
    const idempotencyKey = headers["idempotency-key"];
    if (idempotencyKey === undefined || assignment === undefined || unitHash === undefined) return false;
    const key = `${assignment.experimentId}\0${unitHash}\0${idempotencyKey.slice(0, 256)}`;
    if (this.#keys.has(key) || this.#keysBefore.has(key)) return true;
    // One that was never exposed may be exposed by its retry.
    if (assignment.isExposed) this.#remember(key);
    return false;
  }

  #remember(key: string): void {
    if (this.#keys.size >= maxKeys) {
      this.#keysBefore = this.#keys;
      this.#keys = new Set();
    }
    this.#keys.add(key);
  }
}
