/** What the store in memory keeps, bounded, and how its rows are told apart. */
import type { StoreConfig } from "../domain/config.ts";
import type { OutcomeReceipt, OutcomeRecord } from "../domain/outcome.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { Phase } from "../domain/store.ts";

export interface MemoryOptions {
  readonly instance: string;
  readonly boot: string;
  /** `queueRows` bounds the records, and the outcomes, that are kept. */
  readonly config: Pick<StoreConfig, "queueRows">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface KeptRecord {
  readonly row: number;
  readonly record: RequestRecord;
  readonly isUnfinished: boolean;
}

export interface KeptOutcome {
  row: number;
  readonly outcome: OutcomeRecord;
  request: KeptRecord | undefined;
}

/** What goes at once when there are too many: at each going all readers read everything anew. */
const shareThatGoes = 0.1;

export class MemoryRows {
  readonly capacity: number;
  readonly instance: string;
  readonly boot: string;
  readonly startedAt: number;
  records: KeptRecord[] = [];
  readonly byRequest = new Map<string, KeptRecord>();
  outcomes: KeptOutcome[] = [];
  readonly byIdempotency = new Map<string, KeptOutcome>();
  readonly waiting = new Map<string, KeptOutcome[]>();
  readonly exposures = new Map<string, RequestRecord>();
  readonly phases = new Map<string, Phase>();
  readonly subjects = new Map<string, number>();
  generation = 1;
  /** Records that were given, and those that were kept. */
  sequence = 0;
  stored = 0;
  isClosed = false;
  #lastRow = 0;
  #lastSubject = 0;

  constructor({ config, instance, boot, now }: MemoryOptions) {
    this.capacity = config.queueRows;
    this.instance = instance;
    this.boot = boot;
    this.startedAt = now();
  }

  nextRow(): number {
    return ++this.#lastRow;
  }

  subjectOf(hash: string): number {
    const known = this.subjects.get(hash);
    if (known !== undefined) return known;
    this.subjects.set(hash, ++this.#lastSubject);
    return this.#lastSubject;
  }

  addRecord(record: RequestRecord, isUnfinished: boolean): void {
    this.exposures.delete(record.requestId);
    if (this.byRequest.has(record.requestId)) return;
    const kept = { row: this.nextRow(), record, isUnfinished };
    this.records.push(kept);
    this.byRequest.set(record.requestId, kept);
    if (!isUnfinished) this.stored++;
    for (const early of this.waiting.get(record.requestId) ?? []) this.#tie(early, kept);
    this.waiting.delete(record.requestId);
    if (this.records.length > this.capacity) this.#forgetOldest();
  }

  addOutcome(outcome: OutcomeRecord): OutcomeReceipt {
    const first = this.byIdempotency.get(outcome.idempotencyHash);
    if (first !== undefined) return { outcomeId: first.outcome.outcomeId, status: "duplicate" };
    const { subject } = outcome;
    const request = subject.kind === "request" ? this.byRequest.get(subject.requestId) : undefined;
    const kept = { row: this.nextRow(), outcome, request };
    this.byIdempotency.set(outcome.idempotencyHash, kept);
    this.outcomes.push(kept);
    if (subject.kind === "request" && request === undefined) {
      this.waiting.set(subject.requestId, [...(this.waiting.get(subject.requestId) ?? []), kept]);
    }
    if (this.outcomes.length > this.capacity) this.#forgetOldest();
    return { outcomeId: outcome.outcomeId, status: "stored" };
  }

  /** A new row, at the end: whoever reads on meets it. */
  #tie(early: KeptOutcome, request: KeptRecord): void {
    early.row = this.nextRow();
    early.request = request;
    this.outcomes = [...this.outcomes.filter((one) => one !== early), early];
  }

  #forgetOldest(): void {
    const most = Math.ceil(this.capacity * (1 - shareThatGoes));
    for (const { record } of this.records.slice(0, -most)) this.byRequest.delete(record.requestId);
    this.records = this.records.slice(-most);
    for (const { outcome } of this.outcomes.slice(0, -most)) this.#forgetOutcome(outcome);
    this.outcomes = this.outcomes.slice(-most);
    this.#forgetSubjects();
    this.generation++;
  }

  #forgetOutcome({ idempotencyHash, subject }: OutcomeRecord): void {
    this.byIdempotency.delete(idempotencyHash);
    if (subject.kind !== "request") return;
    const left = this.waiting.get(subject.requestId)?.filter(({ outcome }) => outcome.subject !== subject);
    if (left === undefined || left.length === 0) this.waiting.delete(subject.requestId);
    else this.waiting.set(subject.requestId, left);
  }

  /** Those that nothing names any more; the others keep their numbers. */
  #forgetSubjects(): void {
    const named = new Set<string | undefined>();
    for (const { record } of this.records) named.add(record.unitHash).add(record.sessionHash);
    for (const { outcome } of this.outcomes) named.add(subjectHash(outcome));
    for (const hash of this.subjects.keys()) if (!named.has(hash)) this.subjects.delete(hash);
  }
}

function subjectHash({ subject }: OutcomeRecord): string | undefined {
  if (subject.kind === "unit") return subject.unitHash;
  return subject.kind === "session" ? subject.sessionHash : undefined;
}
