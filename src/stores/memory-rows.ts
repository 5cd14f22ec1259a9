/** What the store in memory keeps, bounded, and how its rows are told apart. */
import { isFact } from "../core/request-fact.ts";
import type { StoreConfig } from "../domain/config.ts";
import type { OutcomeReceipt, OutcomeRecord, OutcomeSubject } from "../domain/outcome.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { ContentRecord, Forgotten, Phase } from "../domain/store.ts";

export interface MemoryOptions {
  readonly instance: string;
  readonly boot: string;
  /** `queueRows` bounds the records, and the outcomes, that are kept. */
  readonly config: Pick<StoreConfig, "queueRows" | "contentRetentionMs">;
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
  readonly now: () => number;
  records: KeptRecord[] = [];
  readonly byRequest = new Map<string, KeptRecord>();
  /** By row, in ascending order. */
  readonly outcomes = new Map<number, KeptOutcome>();
  readonly byKey = new Map<string, KeptOutcome>();
  /** The newest of each metric and subject. */
  readonly newest = new Map<string, KeptOutcome>();
  readonly waiting = new Map<string, Set<KeptOutcome>>();
  readonly contents = new Map<string, ContentRecord>();
  readonly exposures = new Map<string, RequestRecord>();
  readonly phases = new Map<string, Phase>();
  readonly subjects = new Map<string, number>();
  generation = 1;
  /** Records that were given, and those that were kept. */
  sequence = 0;
  stored = 0;
  /** Processes that ended without a word. */
  crashes = 0;
  /** Epoch milliseconds. */
  closedAt: number | undefined;
  readonly #contentRetentionMs: number;
  #lastRow = 0;
  #lastSubject = 0;

  constructor({ config, instance, boot, now }: MemoryOptions) {
    this.capacity = config.queueRows;
    this.#contentRetentionMs = config.contentRetentionMs;
    this.instance = instance;
    this.boot = boot;
    this.now = now;
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
    const first = this.#repeated(outcome);
    if (first !== undefined) return { outcomeId: first.outcome.outcomeId, status: "duplicate" };
    const { subject } = outcome;
    const request = subject.kind === "request" ? this.byRequest.get(subject.requestId) : undefined;
    const kept = { row: this.nextRow(), outcome, request };
    this.outcomes.set(kept.row, kept);
    this.newest.set(seriesOf(outcome), kept);
    if (outcome.isKeyed) this.byKey.set(outcome.idempotencyHash, kept);
    if (subject.kind === "request" && request === undefined) this.#wait(subject.requestId, kept);
    if (this.outcomes.size > this.capacity) this.#forgetOldest();
    return { outcomeId: outcome.outcomeId, status: "stored" };
  }

  keepContent(content: ContentRecord): void {
    this.dropOldContents();
    this.contents.set(content.requestId, content);
    const [oldest] = this.contents.keys();
    if (this.contents.size > this.capacity && oldest !== undefined) this.contents.delete(oldest);
  }

  dropOldContents(): void {
    for (const { requestId, receivedAt } of this.contents.values()) {
      if (receivedAt >= this.now() - this.#contentRetentionMs) return;
      this.contents.delete(requestId);
    }
  }

  forget(unitHash: string): Forgotten {
    const whose = this.#whose(unitHash);
    const isGone = (record: RequestRecord) => whose.has(record.unitHash) || whose.has(record.sessionHash);
    const exposed = [...this.exposures.values()].filter(isGone);
    const gone = this.records.filter(({ record }) => isGone(record)).map(({ record }) => record);
    const requests = new Set([...exposed, ...gone].map(({ requestId }) => requestId));
    const isOfIt = ({ subject }: OutcomeRecord) =>
      subject.kind === "request" ? requests.has(subject.requestId) : whose.has(subjectId(subject));
    const outcomes = [...this.outcomes.values()].filter(({ outcome }) => isOfIt(outcome));
    for (const one of outcomes) this.#forgetOutcome(one);
    for (const requestId of requests) {
      this.exposures.delete(requestId);
      this.byRequest.delete(requestId);
    }
    this.records = this.records.filter(({ record }) => !requests.has(record.requestId));
    const said = [...this.contents.values()].filter(
      (one) => requests.has(one.requestId) || whose.has(one.unitHash) || whose.has(one.sessionHash),
    );
    for (const { requestId } of said) this.contents.delete(requestId);
    this.#forgetSubjects();
    if (requests.size + outcomes.length > 0) this.generation++;
    const facts = gone.filter(isFact).length;
    return {
      records: requests.size,
      facts,
      outcomes: outcomes.length,
      contents: said.length,
      sessions: whose.size - 1,
    };
  }

  /** The unit, and the sessions that only it had: where sessions are units themselves, one is no stranger to itself. */
  #whose(unitHash: string): ReadonlySet<string | undefined> {
    const records = this.records.map(({ record }) => record);
    const own = new Set(
      records.filter((record) => record.unitHash === unitHash).map((one) => one.sessionHash),
    );
    for (const { unitHash: unit, sessionHash: session } of records) {
      if (unit !== undefined && unit !== unitHash && unit !== session) own.delete(session);
    }
    own.delete(undefined);
    return own.add(unitHash);
  }

  /** What it is a repetition of: whatever had its key; without one the newest of its metric and subject, if that says the same. */
  #repeated(outcome: OutcomeRecord): KeptOutcome | undefined {
    if (outcome.isKeyed) return this.byKey.get(outcome.idempotencyHash);
    const newest = this.newest.get(seriesOf(outcome));
    return newest?.outcome.idempotencyHash === outcome.idempotencyHash ? newest : undefined;
  }

  #wait(requestId: string, early: KeptOutcome): void {
    const waiting = this.waiting.get(requestId);
    if (waiting === undefined) this.waiting.set(requestId, new Set([early]));
    else waiting.add(early);
  }

  /** A new row, at the end: whoever reads on meets it. */
  #tie(early: KeptOutcome, request: KeptRecord): void {
    this.outcomes.delete(early.row);
    early.row = this.nextRow();
    early.request = request;
    this.outcomes.set(early.row, early);
  }

  #forgetOldest(): void {
    const most = Math.ceil(this.capacity * (1 - shareThatGoes));
    for (const { record } of this.records.slice(0, -most)) this.byRequest.delete(record.requestId);
    this.records = this.records.slice(-most);
    for (const oldest of this.outcomes.values()) {
      if (this.outcomes.size <= most) break;
      this.#forgetOutcome(oldest);
    }
    this.#forgetSubjects();
    this.generation++;
  }

  #forgetOutcome(kept: KeptOutcome): void {
    const { outcome, row } = kept;
    this.outcomes.delete(row);
    if (outcome.isKeyed) this.byKey.delete(outcome.idempotencyHash);
    const series = seriesOf(outcome);
    if (this.newest.get(series) === kept) this.newest.delete(series);
    if (outcome.subject.kind !== "request") return;
    const waiting = this.waiting.get(outcome.subject.requestId);
    waiting?.delete(kept);
    if (waiting?.size === 0) this.waiting.delete(outcome.subject.requestId);
  }

  /** Those that nothing names any more; the others keep their numbers. */
  #forgetSubjects(): void {
    const named = new Set<string | undefined>();
    for (const { record } of this.records) named.add(record.unitHash).add(record.sessionHash);
    for (const { outcome } of this.outcomes.values()) named.add(subjectId(outcome.subject));
    for (const hash of this.subjects.keys()) if (!named.has(hash)) this.subjects.delete(hash);
  }
}

function seriesOf({ metric, subject }: OutcomeRecord): string {
  return JSON.stringify([metric, subject.kind, subjectId(subject)]);
}

function subjectId(subject: OutcomeSubject): string {
  switch (subject.kind) {
    case "request":
      return subject.requestId;
    case "session":
      return subject.sessionHash;
    case "unit":
      return subject.unitHash;
  }
}
