/** What the user says of an answer afterwards: a thumb, a score, a purchase, the true label. */

/** What an outcome is tied to. Raw ids stay at the edge: units and sessions are told by their keyed hash. */
export type OutcomeSubject =
  | { readonly kind: "request"; readonly requestId: string }
  | { readonly kind: "session"; readonly sessionHash: string }
  | { readonly kind: "unit"; readonly unitHash: string };

/** One measured value. Exactly one of `value`, `category` and `label` is there. */
export interface OutcomeRecord {
  /** UUIDv7, ours. */
  readonly outcomeId: string;
  readonly metric: string;
  readonly subject: OutcomeSubject;
  /** A number, or 0 and 1 for a boolean. */
  readonly value: number | undefined;
  /** One of the metric's categories. */
  readonly category: string | undefined;
  /** The true label, to be compared with the request's prediction. */
  readonly label: string | undefined;
  /** Redacted. */
  readonly comment: string | undefined;
  /** When it came to pass, epoch milliseconds. */
  readonly at: number;
  readonly receivedAt: number;
  /** Its sender named it by a key: whatever comes under that key again is the same one, for ever. */
  readonly isKeyed: boolean;
  /**
   * SHA-256 (hex) of what makes a repetition the same one: metric and subject with the key, or with the content where there
   * is no key. By its content an outcome repeats only the newest one of its metric and subject: a thumb up, down and up again is three.
   */
  readonly idempotencyHash: string;
}

/** `stored` now, or `duplicate` of one that was stored before. */
export interface OutcomeReceipt {
  /** Of the outcome that is kept: of a duplicate the first one's. */
  readonly outcomeId: string;
  readonly status: "stored" | "duplicate";
}
