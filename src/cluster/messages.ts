/** What the primary and its workers ask of each other: by name, what is asked and what is answered. */
import type { SpendTotals } from "../core/spend-ledger.ts";
import type { Spend } from "../domain/client-key.ts";
import type { RevisionSource } from "../domain/config.ts";
import type { Standing } from "../domain/control.ts";
import type { OutcomeReceipt, OutcomeRecord } from "../domain/outcome.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { Phase } from "../domain/store.ts";
import type { Place, Use } from "./share-of-limit.ts";

/** By name: a function of what is asked to what is answered. */
export type Protocol = Readonly<Record<string, (asked: never) => unknown>>;

/** Everything a worker needs; what is fixed when the server starts is the same for a worker that comes later. */
export interface Boot<Settings> {
  /** From 1. */
  readonly number: number;
  /** Workers that share the limits. */
  readonly of: number;
  readonly settings: Settings;
  readonly source: RevisionSource;
}

export type ToWorker<Settings, State> = {
  /** Makes the revision and puts it in force; answers its own id for it. */
  readonly boot: (boot: Boot<Settings>) => string;
  /** Opens the port, with what holds now; answers the port. Until then nothing that is decided can come too late. */
  readonly listen: (standing: Standing) => number;
  /** Makes a revision and what it needs, to be put in force next; answers its own id for it. */
  readonly prepare: (source: RevisionSource) => string;
  /** The id of the one that was prepared. */
  readonly commit: (revision: string) => void;
  readonly switch: (standing: Standing) => void;
  readonly state: (nothing: undefined) => State;
  /** What it has needed lately of the limits that are shared out. */
  readonly use: (nothing: undefined) => Use;
  /** Its place among those that serve, for its shares from now on. */
  readonly place: (place: Place) => void;
  /** Answered when the last request has ended, or these milliseconds later, and what is recorded is handed over. */
  readonly drain: (milliseconds: number) => void;
  readonly close: (nothing: undefined) => void;
};

export interface RecordBatch {
  /** By `recordText`. */
  readonly texts: readonly string[];
  readonly phases: readonly Phase[];
  /** By `contentText`. */
  readonly contents: readonly string[];
  /** Records that the worker had no room for since the last batch. */
  readonly dropped: number;
}

export type ToPrimary = {
  readonly records: (batch: RecordBatch) => void;
  readonly expose: (record: RequestRecord) => void;
  readonly outcomes: (outcomes: readonly OutcomeRecord[]) => readonly OutcomeReceipt[];
  /** What keys have spent with this worker since the last time; answers what they have with all of them today. */
  readonly spent: (spends: Readonly<Record<string, Spend>>) => SpendTotals;
  readonly scriptedUrl: (nothing: undefined) => string;
};
