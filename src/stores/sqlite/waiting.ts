import type { Failure } from "../../domain/failure.ts";
import { type QueueItem, queueItem, type Settled } from "./write-queue.ts";

/** Something that somebody waits for, and how long. */
export type Waited = Pick<QueueItem, "kind" | "text" | "rows" | "bytes"> & { readonly waitMs: number };

export interface WaitingLine {
  add(item: QueueItem): void;
  isInFlight(item: QueueItem): boolean;
  /** Takes one out that is not in flight. */
  giveUp(item: QueueItem): void;
  unavailable(): Failure;
}

/** Resolves when it is through. Rejects when that takes too long: then it will not be stored, unless it was in flight. */
export function waitFor({ kind, text, waitMs, ...facts }: Waited, line: WaitingLine): Promise<Settled> {
  return new Promise((resolve, reject) => {
    const waiter = {
      settle(settled: Settled) {
        clearTimeout(timer);
        resolve(settled);
      },
      fail() {
        clearTimeout(timer);
        reject(line.unavailable());
      },
    };
    const item = queueItem(kind, text, { ...facts, waiter });
    const timer = setTimeout(() => giveUp(line, item, waitMs), waitMs);
    line.add(item);
  });
}

/** Too long. What is in flight may be stored yet, so it gets as much time again before it is left to its fate. */
function giveUp(line: WaitingLine, item: QueueItem, graceMs: number): void {
  if (line.isInFlight(item)) {
    item.isGivenUp = true;
    setTimeout(() => item.waiter?.fail(), graceMs).unref();
  } else {
    line.giveUp(item);
    item.waiter?.fail();
  }
}
