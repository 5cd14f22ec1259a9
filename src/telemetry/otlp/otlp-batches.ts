import { globalErrorHandler } from "@opentelemetry/core";
import { within } from "../../core/within.ts";
import type { BatchLimits } from "../batch-limits.ts";
import type { Envelope } from "./otlp-envelope.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** An export request that is complete. */
export interface Batch {
  readonly bytes: Uint8Array;
  /** Spans or records in it. */
  readonly count: number;
}

export interface BatchParts {
  readonly envelope: Envelope;
  readonly limits: BatchLimits;
  /** Rejects when the batch is lost. After it has resolved nobody reads the bytes any more. */
  readonly send: (batch: Batch) => Promise<void>;
  /** Hears of items that were sent, or lost and by what. */
  readonly finished: (count: number, error: Error | undefined) => void;
  /** Hears of each item that finds the queue full, and how many have so far. */
  readonly full: (dropped: number) => void;
}

/** One buffer is being filled, one is on its way; more are made when the collector is slow. */
const maxSpare = 4;
/** A buffer that has been longer than this is not kept. */
const maxSpareBytes = 4 * 1024 * 1024;
/** A flush has so many batches on their way at once: one by one is a round trip for each, and the SDK's transport refuses the 31st. */
const flushWidth = 4;

interface Filling {
  readonly writer: ProtobufWriter;
  /** Where the last complete item ends: what has been begun behind it and not ended is written over. */
  end: number;
  count: number;
}

/**
 * Items as bytes, sent in batches: when one is full, or when its first item has waited for the delay; one at a time, and
 * what finds the queue full is dropped. The rules are those of the SDK's batch processors, whose variables it obeys.
 */
export class OtlpBatches {
  readonly #parts: BatchParts;
  readonly #full: Filling[] = [];
  readonly #spare: ProtobufWriter[] = [];
  #filling: Filling;
  #queued = 0;
  #dropped = 0;
  /** In batches that are on their way. */
  #sent = 0;
  /** Items that were not delivered. */
  #lost = 0;
  #sending: Promise<void> | undefined;
  #isClosed = false;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: BatchParts) {
    this.#parts = parts;
    this.#filling = this.#fresh();
  }

  /** Items that wait to be sent. */
  get queued(): number {
    return this.#queued;
  }

  /** Where the next item is written; undefined when it is dropped. */
  begin(): ProtobufWriter | undefined {
    if (this.#isClosed) {
      this.#finish(1, atTheEnd);
      return undefined;
    }
    if (this.#queued >= this.#parts.limits.queueSize) {
      this.#dropped += 1;
      this.#finish(1, queueFull);
      this.#parts.full(this.#dropped);
      return undefined;
    }
    const { writer, end } = this.#filling;
    writer.moveTo(end);
    return writer;
  }

  /** The item that was begun last is complete. */
  end(): void {
    const filling = this.#filling;
    filling.end = filling.writer.length;
    filling.count += 1;
    this.#queued += 1;
    if (filling.count >= this.#parts.limits.batchSize) {
      this.#full.push(filling);
      this.#filling = this.#fresh();
    }
    this.#wake();
  }

  /** Sends everything; a batch that is lost does not hold up the others. */
  async flush(): Promise<void> {
    const sendOn = async () => {
      while (this.#queued > 0) await this.#sendOne();
    };
    await Promise.all([this.#sending, ...Array.from({ length: flushWidth }, sendOn)]);
  }

  /** The same, and takes nothing any more; what has not been sent in time is given up. Gives how many items were lost by it. */
  async shutdown(milliseconds: number): Promise<number> {
    const before = this.#lost;
    this.#isClosed = true;
    await within(this.flush(), milliseconds);
    const left = this.#queued + this.#sent;
    this.#queued = 0;
    this.#full.length = 0;
    clearTimeout(this.#timer);
    if (left > 0) this.#finish(left, atTheEnd);
    this.#isOver = true;
    return this.#lost - before;
  }

  #wake(): void {
    if (this.#sending !== undefined || this.#isClosed) return;
    if (this.#full.length > 0) this.#sendNext();
    else if (this.#timer === undefined && this.#queued > 0) {
      this.#timer = setTimeout(() => this.#sendNext(), this.#parts.limits.delayMs).unref();
    }
  }

  #sendNext(): void {
    this.#sending = this.#sendOne().then(() => {
      this.#sending = undefined;
      this.#wake();
    });
  }

  /** The oldest batch; that it was lost has been told when this resolves. */
  async #sendOne(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const next = this.#full.shift() ?? this.#take();
    if (next.count === 0) return;
    const { send, limits } = this.#parts;
    this.#queued -= next.count;
    this.#sent += next.count;
    const sending = send({ bytes: this.#bytesOf(next), count: next.count });
    // A sending that failed may still hold the bytes; one that was answered has been read to its end.
    sending.then(() => this.#keep(next.writer)).catch(() => {});
    try {
      await inTime(sending, limits.timeoutMs);
      this.#finish(next.count, undefined);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      this.#finish(next.count, failure);
      globalErrorHandler(failure);
    } finally {
      this.#sent -= next.count;
    }
  }

  #finish(count: number, error: Error | undefined): void {
    // What was given up has been counted, whatever still becomes of it.
    if (this.#isOver && error !== atTheEnd) return;
    if (error !== undefined) this.#lost += count;
    this.#parts.finished(count, error);
  }

  #take(): Filling {
    const taken = this.#filling;
    this.#filling = this.#fresh();
    return taken;
  }

  /** Room is left before the first item, for the envelope that is known with the last. */
  #fresh(): Filling {
    return {
      writer: this.#spare.pop() ?? new ProtobufWriter(),
      end: this.#parts.envelope.maxBytes,
      count: 0,
    };
  }

  #bytesOf({ writer, end }: Filling): Uint8Array {
    const { envelope } = this.#parts;
    const before = envelope.before(end - envelope.maxBytes);
    const start = envelope.maxBytes - before.length;
    writer.moveTo(start);
    writer.raw(before);
    return writer.view(start, end);
  }

  #keep(writer: ProtobufWriter): void {
    if (this.#spare.length < maxSpare && writer.capacity <= maxSpareBytes) this.#spare.push(writer);
  }
}

const queueFull = Object.assign(new Error("the queue is full"), { name: "queue_full" });
const atTheEnd = Object.assign(new Error("the process has ended"), { name: "shutdown" });

/** Waits for a sending, but no longer than this. */
async function inTime(sending: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("Timeout")), timeoutMs);
  });
  try {
    await Promise.race([sending, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
