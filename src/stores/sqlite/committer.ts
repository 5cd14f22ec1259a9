/** Groups what waits into batches, one in flight at a time, and keeps each until its commit is confirmed. */
import type { Worker } from "node:worker_threads";
import type { Log } from "../../domain/log.ts";
import { batchOf } from "./batch.ts";
import type { FromWriter, WriterSettings } from "./messages.ts";
import type { QueueItem, WriteQueue } from "./write-queue.ts";
import { createWriterLink, type WriterLink } from "./writer-link.ts";

export interface CommitterParts {
  readonly queue: WriteQueue;
  readonly settings: WriterSettings;
  readonly log: Log;
  readonly commitMs: number;
  /** The queue is about to be looked at: what is yet to be queued must be now. */
  readonly onCommit: () => void;
  /** Another file is written than before, and what was kept in that one is gone. */
  readonly onNewFile: () => void;
  readonly onWriter: ((writer: Worker) => void) | undefined;
}

/** Rows that make a commit due before its time. */
const fullRows = 500;
/** How long others may join a commit that somebody waits for. */
const urgentMs = 20;
const firstRetryMs = 100;
const longestRetryMs = 2_000;

type Committed = Extract<FromWriter, { readonly kind: "committed" }>;

export class Committer {
  readonly #parts: CommitterParts;
  readonly #queue: WriteQueue;
  readonly #link: WriterLink;
  /** The last sequence number that was given. */
  lastSequence = 0;
  writtenRows = 0;
  refusedRows = 0;
  /** Why nothing can be written now. */
  trouble: string | undefined;
  #inFlight: readonly QueueItem[] | undefined;
  #isInFlightAwaited = false;
  #sentAt = 0;
  #batchNumber = 0;
  #retryMs = firstRetryMs;
  #isPausing = false;
  #timer: NodeJS.Timeout | undefined;
  #isTimerUrgent = false;
  #onClosed: (() => void) | undefined;

  constructor(parts: CommitterParts) {
    this.#parts = parts;
    this.#queue = parts.queue;
    this.#link = createWriterLink({
      settings: parts.settings,
      onMessage: (message) => this.#hear(message),
      onDeath: (reason) => this.#mourn(reason),
      onRestart: () => this.#resume(),
      onWriter: parts.onWriter,
    });
  }

  get restarts(): number {
    return this.#link.restarts;
  }

  /** How long the commit in flight has taken so far; 0 without one. */
  get commitLastsMs(): number {
    return this.#inFlight === undefined ? 0 : performance.now() - this.#sentAt;
  }

  isInFlight(item: QueueItem): boolean {
    return this.#inFlight?.includes(item) === true;
  }

  /** Something was queued. */
  nudge(): void {
    if (this.#inFlight !== undefined || this.#isPausing) {
      // What is under way looks at the queue when it ends.
      if (this.#queue.isUrgent) this.#hold();
      return;
    }
    if (this.#queue.rows >= fullRows) this.#pump();
    else this.#schedule();
    this.#hold();
  }

  check(): void {
    this.#link.send({ kind: "check" });
  }

  /** Commits at once. */
  hurry(): void {
    this.#pump();
    this.#hold();
  }

  /** Tells the writer to mark the boot as ended; resolves when it has. */
  closeBoot(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve;
    });
    this.#link.holdProcess(true);
    this.#link.send({ kind: "close", lastSequence: this.lastSequence });
    return closed;
  }

  /** Gives up what was sent and never confirmed: an answer that comes yet is not heard. */
  surrender(): readonly QueueItem[] {
    const items = this.#inFlight ?? [];
    this.#inFlight = undefined;
    this.#isPausing = true;
    return items;
  }

  /** Ends the thread; nothing is sent any more. */
  async terminate(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#link.terminate();
  }

  /** While there is trouble an empty batch is sent too: a store that nobody writes to must find out that it is well again. */
  #pump(): void {
    this.#parts.onCommit();
    if (this.#inFlight !== undefined || this.#isPausing || !this.#link.isUp) return;
    this.#clearTimer();
    const isTrial = this.trouble !== undefined;
    if (this.#queue.length === 0 && !isTrial) return;
    const items = this.#queue.take();
    this.#inFlight = items;
    this.#isInFlightAwaited = items.some(({ waiter }) => waiter !== undefined);
    this.#sentAt = performance.now();
    this.#batchNumber++;
    // Marks alone have nothing before them that is not confirmed.
    if (!isTrial && items.every(({ kind }) => kind === "mark"))
      this.#confirm({ receipts: [], forgotten: [] });
    else this.#link.send({ kind: "commit", batch: batchOf(items, this.#batchNumber, this.lastSequence) });
  }

  #hear(message: FromWriter): void {
    if (message.kind === "note") this.#parts.log[message.level](message.message);
    else if (message.kind === "closed") this.#onClosed?.();
    else if (message.kind === "new_file") this.#parts.onNewFile();
    // A batch that was sent again under another number is confirmed under that one only.
    else if (message.batch !== this.#batchNumber || this.#inFlight === undefined) return;
    else if (message.kind === "committed") {
      this.refusedRows += message.refused;
      this.writtenRows -= message.refused;
      this.#recover();
      this.#confirm(message);
    } else this.#retryLater(message.reason);
  }

  #confirm({ receipts, forgotten }: Pick<Committed, "receipts" | "forgotten">): void {
    const items = this.#inFlight ?? [];
    this.#inFlight = undefined;
    this.#isInFlightAwaited = false;
    this.#queue.done(items);
    let call = 0;
    let unit = 0;
    for (const { kind, rows, waiter } of items) {
      this.writtenRows += rows;
      if (kind === "outcomes") waiter?.settle({ receipts: receipts[call++] });
      else if (kind === "forget") waiter?.settle({ forgotten: forgotten[unit++] });
      else waiter?.settle({});
    }
    this.#proceed();
  }

  #retryLater(reason: string): void {
    this.#takeBack();
    this.#complain(`the store cannot write: ${reason}`);
    this.#isPausing = true;
    this.#clearTimer();
    this.#timer = setTimeout(() => this.#resume(), this.#retryMs);
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    this.#hold();
  }

  #mourn(reason: string): void {
    this.#takeBack();
    this.#complain(`the store's writer died: ${reason}`);
    this.#hold();
  }

  #resume(): void {
    this.#isPausing = false;
    this.#clearTimer();
    this.#pump();
  }

  #takeBack(): void {
    const items = this.#inFlight;
    if (items === undefined) return;
    this.#inFlight = undefined;
    this.#isInFlightAwaited = false;
    this.#queue.putBack(items);
    for (const { isGivenUp, waiter } of items) if (isGivenUp) waiter?.fail();
  }

  #proceed(): void {
    this.#parts.onCommit();
    if (this.#queue.length > 0) {
      if (this.#queue.rows >= fullRows) this.#pump();
      else this.#schedule();
    }
    this.#hold();
  }

  #complain(reason: string): void {
    if (this.trouble === undefined)
      this.#parts.log.error(`${reason}; traffic goes on, and it is tried again`);
    this.trouble = reason;
  }

  #recover(): void {
    this.#retryMs = firstRetryMs;
    if (this.trouble === undefined) return;
    this.trouble = undefined;
    this.#parts.log.info("the store writes again");
  }

  #schedule(): void {
    const isUrgent = this.#queue.isUrgent;
    if (this.#timer !== undefined && (this.#isTimerUrgent || !isUrgent)) return;
    clearTimeout(this.#timer);
    this.#isTimerUrgent = isUrgent;
    this.#timer = setTimeout(() => this.#resume(), isUrgent ? urgentMs : this.#parts.commitMs);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The process stays while somebody waits for what is queued or in flight; records alone do not keep it. */
  #hold(): void {
    const isWaited = this.#queue.isUrgent || this.#isInFlightAwaited;
    this.#link.holdProcess(isWaited);
    if (isWaited) this.#timer?.ref();
    else this.#timer?.unref();
  }
}
