/** What waits to be written, in order, within bounds. */
import type { OutcomeReceipt } from "../../domain/outcome.ts";
import type { Forgotten } from "../../domain/store.ts";

/** What became of an item. */
export interface Settled {
  /** Of outcomes, unless they can never be stored. */
  readonly receipts?: readonly OutcomeReceipt[] | undefined;
  /** Of a unit that was to be forgotten, unless something of it is left. */
  readonly forgotten?: Forgotten | undefined;
}

/** Someone who wants to know when it is durable. */
export interface Waiter {
  settle(settled: Settled): void;
  /** It was not stored in time. */
  fail(): void;
}

export interface QueueItem {
  readonly kind: "record" | "exposure" | "outcomes" | "phase" | "crash" | "content" | "forget" | "mark";
  /** JSON; the number of a crash; the hash of a unit to forget; empty for a mark, which only tells that everything before it is through. */
  readonly text: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of a record. */
  readonly sequence: number;
  readonly waiter: Waiter | undefined;
  /** Its waiter has been told that it failed: it must not be written any more. */
  isGivenUp: boolean;
}

/** One that nobody waits for and that takes no room, but for what is told. */
export function queueItem(
  kind: QueueItem["kind"],
  text: string,
  facts: Partial<Omit<QueueItem, "kind" | "text">> = {},
): QueueItem {
  return { kind, text, rows: 0, bytes: 0, sequence: 0, waiter: undefined, isGivenUp: false, ...facts };
}

export interface WriteQueue {
  readonly rows: number;
  readonly bytes: number;
  /** Items that are not in flight. */
  readonly length: number;
  /** Someone waits for one of them. */
  readonly isUrgent: boolean;
  /** Not for items in flight. */
  has(item: QueueItem): boolean;
  hasRoom(rows: number, bytes: number): boolean;
  add(item: QueueItem): void;
  /** The oldest items, up to a portion. They count as queued until they are done. */
  take(): readonly QueueItem[];
  /** What was taken last is written, or lost. */
  done(items: readonly QueueItem[]): void;
  /** What was taken last could not be written: it comes first again, without what was given up. */
  putBack(items: readonly QueueItem[]): void;
  /** Takes out what is given up. Not for items in flight. */
  giveUp(item: QueueItem): void;
  /** Takes everything out. */
  drain(): readonly QueueItem[];
}

const portion = { rows: 1000, bytes: 2 * 1024 * 1024 };

export function createWriteQueue(bounds: { readonly rows: number; readonly bytes: number }): WriteQueue {
  let items: QueueItem[] = [];
  let rows = 0;
  let bytes = 0;
  let waiting = 0;
  let dead = 0;

  const count = (item: QueueItem, sign: 1 | -1) => {
    rows += sign * item.rows;
    bytes += sign * item.bytes;
  };
  const countWaiting = (some: readonly QueueItem[], sign: 1 | -1) => {
    for (const { waiter } of some) if (waiter !== undefined) waiting += sign;
  };

  return {
    get rows() {
      return rows;
    },
    get bytes() {
      return bytes;
    },
    get length() {
      return items.length - dead;
    },
    get isUrgent() {
      return waiting > 0;
    },
    has: (item) => items.includes(item),
    hasRoom: (moreRows, moreBytes) => rows + moreRows <= bounds.rows && bytes + moreBytes <= bounds.bytes,
    add(item) {
      items.push(item);
      count(item, 1);
      countWaiting([item], 1);
    },
    take() {
      const end = portionEnd(items);
      const taken = items.slice(0, end).filter(isAlive);
      dead -= end - taken.length;
      items = items.slice(end);
      countWaiting(taken, -1);
      return taken;
    },
    done(written) {
      for (const item of written) count(item, -1);
    },
    putBack(taken) {
      const alive = taken.filter(isAlive);
      for (const item of taken) if (item.isGivenUp) count(item, -1);
      items = [...alive, ...items];
      countWaiting(alive, 1);
    },
    giveUp(item) {
      item.isGivenUp = true;
      count(item, -1);
      countWaiting([item], -1);
      dead++;
      // Not at each: in an outage with many waiters that would be quadratic.
      if (dead > 1000 && dead > items.length / 2) {
        items = items.filter(isAlive);
        dead = 0;
      }
    },
    drain() {
      const left = items.filter(isAlive);
      items = [];
      rows = bytes = waiting = dead = 0;
      return left;
    },
  };
}

function isAlive({ isGivenUp }: QueueItem): boolean {
  return !isGivenUp;
}

function portionEnd(items: readonly QueueItem[]): number {
  let rows = 0;
  let bytes = 0;
  for (const [at, item] of items.entries()) {
    if (item.isGivenUp) continue;
    rows += item.rows;
    bytes += item.bytes;
    if (at > 0 && (rows > portion.rows || bytes > portion.bytes)) return at;
  }
  return items.length;
}
