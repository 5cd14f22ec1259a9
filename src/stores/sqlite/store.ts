/** Records and outcomes in one SQLite file. The event loop only queues: a thread writes, another one reads. */
import { recordText } from "../../core/record-text.ts";
import { within } from "../../core/within.ts";
import { Failure } from "../../domain/failure.ts";
import type { Log } from "../../domain/log.ts";
import type { OutcomeReceipt, OutcomeRecord } from "../../domain/outcome.ts";
import type { RequestRecord } from "../../domain/record.ts";
import type {
  ContentRecord,
  EventStore,
  Forgotten,
  Phase,
  RecordFilter,
  StoreHealth,
} from "../../domain/store.ts";
import { Committer } from "./committer.ts";
import { createDamagedBlocks, type DamagedBlocks } from "./damaged-blocks.ts";
import { refuseNewerFile } from "./database.ts";
import { createReaderLink, type ReaderLink } from "./reader-link.ts";
import {
  defaultLimits,
  readWaitMs,
  retryAfterMs,
  type SqliteStoreOptions,
  type StoreLimits,
} from "./store-options.ts";
import { type Waited, waitFor } from "./waiting.ts";
import { createWriteQueue, type QueueItem, queueItem, type Settled, type WriteQueue } from "./write-queue.ts";

/** Records become text together: one by one, between other work, each costs a third more, for code and names have left the caches. */
const textsAtOnce = 32;
const fullReason = "what waits to be written has reached its bound";

/**
 * Opens or makes the file; trouble with the disk shows in `health` and does not keep the process from serving.
 * Throws `config_invalid` for a file that a newer version wrote.
 */
export function openSqliteStore(options: SqliteStoreOptions): EventStore {
  refuseNewerFile(options.path);
  return new SqliteStore(options);
}

class SqliteStore implements EventStore {
  readonly #limits: StoreLimits;
  readonly #log: Log;
  readonly #queue: WriteQueue;
  readonly #committer: Committer;
  readonly #reader: ReaderLink;
  readonly #damaged: DamagedBlocks;
  /** By experiment and id: a file that takes the place of another one gets them as well. */
  readonly #phases = new Map<string, QueueItem>();
  /** Records that are no text yet. */
  #fresh: RequestRecord[] = [];
  #dropped = 0;
  #crashes = 0;
  #isFull = false;
  #closing: Promise<void> | undefined;

  constructor({ path, instance, boot, config, log, now, limits, onWriter }: SqliteStoreOptions) {
    this.#limits = { ...defaultLimits, ...limits };
    this.#log = log;
    this.#queue = createWriteQueue({ rows: config.queueRows, bytes: config.queueBytes });
    const { retentionMs, contentRetentionMs, commitMs } = config;
    const { busyMs } = this.#limits;
    const settings = { path, instance, boot, startedAt: now(), retentionMs, contentRetentionMs, busyMs };
    this.#damaged = createDamagedBlocks(log);
    const onNewFile = () => {
      this.#damaged.forget();
      this.#repeatPhases();
    };
    const onCommit = () => this.#writeFresh();
    const parts = { queue: this.#queue, settings, log, commitMs, onCommit, onNewFile, onWriter };
    this.#committer = new Committer(parts);
    this.#reader = createReaderLink(path, {
      onCorrupt: () => this.#committer.check(),
      onDamage: this.#damaged.tell,
    });
  }

  append(record: RequestRecord): void {
    this.#fresh.push(record);
    if (this.#fresh.length >= textsAtOnce) this.#writeFresh();
    else this.#committer.nudge();
  }

  appendTexts(texts: readonly string[]): void {
    this.#writeFresh();
    for (const text of texts) this.#appendText(text);
  }

  drop(count: number): void {
    this.#committer.lastSequence += count;
    this.#dropped += count;
  }

  addCrash(): void {
    this.#add(queueItem("crash", String(++this.#crashes)));
  }

  #writeFresh(): void {
    if (this.#fresh.length === 0) return;
    const records = this.#fresh;
    this.#fresh = [];
    for (const record of records) this.#appendText(recordText(record));
  }

  #appendText(text: string): void {
    // Dropped ones are numbered too: a gap shows that they were there.
    const sequence = ++this.#committer.lastSequence;
    const bytes = Buffer.byteLength(text);
    if (!this.#hasRoom(1, bytes)) {
      this.#dropped++;
      return;
    }
    this.#add(queueItem("record", text, { rows: 1, bytes, sequence }));
  }

  async expose(record: RequestRecord): Promise<void> {
    await this.#write("exposure", JSON.stringify(record), 1);
  }

  /**
   * One that is rejected while it waits will not be stored. One that is rejected in the middle of a commit that does
   * not come back may be: its repetition is then a duplicate, by the same idempotency hash.
   */
  async addOutcomes(outcomes: readonly OutcomeRecord[]): Promise<readonly OutcomeReceipt[]> {
    if (outcomes.length === 0) return [];
    const { receipts } = await this.#write("outcomes", JSON.stringify(outcomes), outcomes.length);
    if (receipts !== undefined) return receipts;
    throw new Failure("internal_error", "These outcomes cannot be stored. The log has the cause.");
  }

  addPhase(phase: Phase): void {
    const key = JSON.stringify([phase.experimentId, phase.id]);
    if (this.#closing !== undefined || this.#phases.has(key)) return;
    const text = JSON.stringify(phase);
    const item = queueItem("phase", text, { bytes: text.length });
    this.#phases.set(key, item);
    // Never dropped: there are few, and an experiment cannot be read without its phases.
    this.#add(item);
  }

  keepContent(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (this.#hasRoom(1, bytes)) this.#add(queueItem("content", text, { rows: 1, bytes }));
    else this.#dropped++;
  }

  async flush(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    await this.#mark(this.#limits.waitMs);
  }

  health(): StoreHealth {
    this.#writeFresh();
    const { writtenRows, refusedRows, restarts } = this.#committer;
    const reason = this.#trouble();
    return {
      engine: "sqlite",
      state: reason === undefined ? "ok" : "degraded",
      reason,
      queuedRows: this.#queue.rows,
      queuedBytes: this.#queue.bytes,
      writtenRows,
      droppedRows: this.#dropped + refusedRows,
      writerRestarts: restarts,
      damagedBlocks: this.#damaged.count,
    };
  }

  async recent(filter: RecordFilter): Promise<readonly RequestRecord[]> {
    await this.#writeQueued();
    return this.#reader.recent(filter);
  }

  async content(requestId: string): Promise<ContentRecord | undefined> {
    await this.#writeQueued();
    return this.#reader.content(requestId);
  }

  async #writeQueued(): Promise<void> {
    if (this.#closing !== undefined) throw this.#unavailable();
    this.#writeFresh();
    if (this.#trouble() === undefined && this.#queue.rows > 0) await this.#mark(readWaitMs).catch(() => {});
  }

  async forget(unitHash: string): Promise<Forgotten> {
    if (this.#closing !== undefined) throw this.#unavailable();
    // What is of the unit goes to the file before it, and is found there.
    this.#writeFresh();
    const waitMs = this.#limits.forgetMs;
    const { forgotten } = await this.#wait({ kind: "forget", text: unitHash, rows: 0, bytes: 0, waitMs });
    if (forgotten !== undefined) return forgotten;
    const message =
      "Something of the unit may be left in the store's file; the log has the cause. Ask again.";
    throw new Failure("store_unavailable", message, { retryAfterMs });
  }

  close(): Promise<void> {
    this.#writeFresh();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Four fifths of the time for what is queued, the rest for the threads: one in the middle of a statement ends after it. */
  async #close(): Promise<void> {
    const { closeMs } = this.#limits;
    const written = this.#mark(closeMs)
      // The phases, if that found a new file.
      .then(() => this.#mark(closeMs))
      .then(() => this.#committer.closeBoot())
      .catch(() => {});
    await within(written, closeMs * 0.8);
    this.#abandon(this.#committer.surrender());
    const ended = [this.#committer.terminate(), this.#reader.terminate()];
    await within(Promise.all(ended), closeMs * 0.2);
  }

  #write(kind: "exposure" | "outcomes", text: string, rows: number) {
    this.#writeFresh();
    const bytes = Buffer.byteLength(text);
    if (!this.#hasRoom(rows, bytes)) return Promise.reject(this.#unavailable());
    return this.#wait({ kind, text, rows, bytes, waitMs: this.#limits.waitMs });
  }

  /** Resolves when all that is queued by now is durable. */
  #mark(waitMs: number): Promise<unknown> {
    this.#writeFresh();
    const marked = this.#wait({ kind: "mark", text: "", rows: 0, bytes: 0, waitMs });
    this.#committer.hurry();
    return marked;
  }

  #wait(what: Waited): Promise<Settled> {
    return waitFor(what, {
      add: (item) => this.#add(item),
      isInFlight: (item) => this.#committer.isInFlight(item),
      giveUp: (item) => this.#queue.giveUp(item),
      unavailable: () => this.#unavailable(),
    });
  }

  #hasRoom(rows: number, bytes: number): boolean {
    if (this.#closing !== undefined) return false;
    const hasRoom = this.#queue.hasRoom(rows, bytes);
    if (!hasRoom && !this.#isFull) this.#log.error(`the store drops and counts records: ${fullReason}`);
    this.#isFull = !hasRoom;
    return hasRoom;
  }

  /** Why nothing can be kept now; undefined while it can. */
  #trouble(): string | undefined {
    if (this.#committer.trouble !== undefined) return this.#committer.trouble;
    if (this.#committer.commitLastsMs > this.#limits.waitMs) return "a commit takes too long";
    return this.#isFull && this.#queue.rows > 0 ? fullReason : undefined;
  }

  #unavailable(): Failure {
    const reason = this.#closing === undefined ? this.#trouble() : "the store is closed";
    return new Failure(
      "store_unavailable",
      `This cannot be kept now: ${reason ?? "the disk is slow"}. Send it again.`,
      { retryAfterMs },
    );
  }

  #add(item: QueueItem): void {
    this.#queue.add(item);
    this.#committer.nudge();
  }

  /** Those that are under way reach the new file anyway. */
  #repeatPhases(): void {
    for (const item of this.#phases.values()) {
      if (!this.#queue.has(item) && !this.#committer.isInFlight(item)) this.#add(item);
    }
  }

  /** At the end: whoever waits is told, and what is lost is counted. */
  #abandon(inFlight: readonly QueueItem[]): void {
    const lost = [...inFlight, ...this.#queue.drain()];
    for (const { waiter } of lost) waiter?.fail();
    const rows = lost.reduce((sum, item) => sum + item.rows, 0);
    if (rows === 0) return;
    this.#dropped += rows;
    this.#log.error(`${rows} rows were not stored before the end`);
  }
}
