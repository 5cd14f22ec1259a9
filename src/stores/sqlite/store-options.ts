/** What the store is opened with, and how long it waits for its disk. */
import type { Worker } from "node:worker_threads";
import type { StoreConfig } from "../../domain/config.ts";
import type { Log } from "../../domain/log.ts";

export interface SqliteStoreOptions {
  readonly path: string;
  /** Names this process among those that share the file: with `boot` it is unique. */
  readonly instance: string;
  readonly boot: string;
  readonly config: StoreConfig;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly limits?: Partial<StoreLimits>;
  /** Sees every writer thread that is started. */
  readonly onWriter?: (writer: Worker) => void;
}

export interface StoreLimits {
  /** How long an outcome, an exposure or a flush waits for a disk that refuses, before it is rejected. */
  readonly waitMs: number;
  /** How long the writer waits for another process's lock at each try. */
  readonly busyMs: number;
  /** How long a unit that is to be forgotten waits: the file is written anew for it. */
  readonly forgetMs: number;
  /** From `close` to its end, whatever the disk does. */
  readonly closeMs: number;
}

export const defaultLimits: StoreLimits = { waitMs: 5_000, busyMs: 1_000, forgetMs: 60_000, closeMs: 3_000 };

/** What a client is told when it may come back. */
export const retryAfterMs = 1_000;
/** A reader is shown what was appended before it asked, unless the disk is slower than this. */
export const readWaitMs = 1_000;
