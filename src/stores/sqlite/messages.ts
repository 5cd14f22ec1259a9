/** What the threads of the store say to each other. Everything is text or numbers: structured clone copies those cheaply. */
import type { OutcomeReceipt } from "../../domain/outcome.ts";
import type { Forgotten, RecordFilter } from "../../domain/store.ts";
import type { RecentBodies } from "./record-pages.ts";

export interface WriterSettings {
  readonly path: string;
  readonly instance: string;
  readonly boot: string;
  readonly startedAt: number;
  readonly retentionMs: number;
  readonly contentRetentionMs: number;
  readonly busyMs: number;
}

/** What is committed together. Each text is JSON, but those of records: they are of two lines (`core/record-text.ts`). */
export interface Batch {
  readonly number: number;
  readonly phases: readonly string[];
  /** Numbers, within the boot, of processes that ended without a word. */
  readonly crashes: readonly string[];
  readonly exposures: readonly string[];
  readonly records: readonly string[];
  /** Sequence numbers of the records. */
  readonly sequences: readonly number[];
  /** One text for each call of `addOutcomes`: an array. */
  readonly outcomes: readonly string[];
  /** JSON of what was said in requests. */
  readonly contents: readonly string[];
  /** Hashes of units that are to be forgotten, when all the rest is written. */
  readonly forgets: readonly string[];
  /** The last sequence number that was given, also to a record that was dropped. */
  readonly lastSequence: number;
}

export type ToWriter =
  | { readonly kind: "commit"; readonly batch: Batch }
  /** A reader met damage: look for yourself. */
  | { readonly kind: "check" }
  | { readonly kind: "close"; readonly lastSequence: number };

export type FromWriter =
  | {
      readonly kind: "committed";
      readonly batch: number;
      /** By call; undefined for one that can never be stored. */
      readonly receipts: readonly (readonly OutcomeReceipt[] | undefined)[];
      /** By forgotten unit; undefined where something of it may be left in the file. */
      readonly forgotten: readonly (Forgotten | undefined)[];
      /** Rows that can never be stored, for a fault in them or in us. */
      readonly refused: number;
    }
  | { readonly kind: "failed"; readonly batch: number; readonly reason: string }
  | { readonly kind: "note"; readonly level: "info" | "error"; readonly message: string }
  /** Another file than before is written now, and it may lack the phases. */
  | { readonly kind: "new_file" }
  | { readonly kind: "closed" };

/** Records by a filter, or what was said in one request. */
export type ReaderQuestion = { readonly filter: RecordFilter } | { readonly contentOf: string };

export type ToReader = { readonly question: number } & ReaderQuestion;

export type FromReader =
  | ({ readonly question: number } & RecentBodies)
  | { readonly question: number; readonly reason: string; readonly isCorrupt: boolean };
