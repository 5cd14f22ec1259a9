/** Writes one batch in one transaction. Runs in the writer's thread. */
import type { DatabaseSync } from "node:sqlite";
import { bodyOf, parseHead } from "../../core/record-text.ts";
import type { OutcomeReceipt, OutcomeRecord } from "../../domain/outcome.ts";
import type { Forgotten, Phase } from "../../domain/store.ts";
import { createBootLine } from "./boot-line.ts";
import { createContentWriter } from "./content-writer.ts";
import { faultOf } from "./fault.ts";
import { createForgetter } from "./forget.ts";
import { createNames, createSubjects } from "./interned.ts";
import type { Batch, WriterSettings } from "./messages.ts";
import { createOutcomeWriter } from "./outcome-writer.ts";
import { createRecordWriter } from "./record-writer.ts";
import { createTextBlocks } from "./text-blocks.ts";
import { createTransactions, type Transactions } from "./transaction.ts";

export interface BatchResult {
  /** By call of `addOutcomes`; undefined for one that nothing could store. */
  readonly receipts: readonly (readonly OutcomeReceipt[] | undefined)[];
  /** By unit of `forgets`; undefined for one that nothing could take out. */
  readonly forgotten: readonly (Forgotten | undefined)[];
  /** Rows that nothing could store. */
  readonly refused: number;
  /** Why, of the last that was refused. */
  readonly refusal: string | undefined;
}

export interface BatchWriter {
  readonly transactions: Transactions;
  /** All of the batch, durable; or a throw, and nothing. Rows that nothing could store are left out and told. */
  write(batch: Batch): BatchResult;
  /**
   * While requests are exposed and not ended, this boot must say that it lives: after `bootLeaseMs` it is taken for dead.
   * Now and then it says so without any, lest another process's retention takes its line away.
   */
  keepAlive(): void;
  /** Exposures of boots that have ended become unfinished records. */
  endExposures(): void;
  /** Marks the boot as ended, its open exposures as unfinished. */
  close(lastSequence: number): void;
}

const bootLeaseMs = 60_000;
const exposuresAtOnce = 500;
const longestSilenceMs = 3_600_000;
/** Requests that were committed together were received within this. */
const longestRequestMs = 3_600_000;

/** Runs the write of so many rows of a batch; what it gives for one that was refused is undefined. */
type Guard = <T>(rows: number, write: () => T) => T | undefined;

export function createBatchWriter(
  db: DatabaseSync,
  settings: WriterSettings,
  now: () => number,
): BatchWriter {
  const names = createNames(db);
  const subjects = createSubjects(db, now);
  const boot = createBootLine(db, settings, now);
  const transactions = createTransactions(db, () => {
    for (const memory of [names, subjects, boot]) memory.forget();
  });
  const parts = { transactions, names, subjects };
  const records = createRecordWriter(db, parts);
  const beginBlocks = createTextBlocks(db, transactions);
  const outcomes = createOutcomeWriter(db, parts);
  const keepContent = createContentWriter(db, subjects);
  const agedBefore = () => now() - settings.retentionMs + longestRequestMs;
  const forget = createForgetter(db, { transactions, subjects, agedBefore });
  const addPhase = db.prepare(
    "INSERT INTO phases (experiment, id, started_at, body) VALUES (?, ?, ?, ?) ON CONFLICT (experiment, id) DO NOTHING",
  );

  const writeRecords = ({ records: texts, sequences }: Batch, guard: Guard): number => {
    if (texts.length === 0) return 0;
    const hasWaiting = outcomes.hasWaiting();
    const bootId = boot.id();
    const blocks = beginBlocks();
    const hasExposures = records.hasExposures();
    let stored = 0;
    for (const [at, text] of texts.entries()) {
      guard(1, () => {
        const numbered = {
          head: parseHead(text),
          body: bodyOf(text),
          boot: bootId,
          sequence: sequences[at] ?? 0,
        };
        const { head, body } = numbered;
        const added = records.add(numbered, blocks.place());
        if (hasExposures) records.endExposure(head.requestId);
        if (added === undefined) return;
        if (hasWaiting || added.isRevived) outcomes.requestCame(added);
        // Last, so that only what was kept is counted and has a line.
        stored++;
        if (!added.isRevived) blocks.add(body, head.receivedAt);
      });
    }
    blocks.end();
    return stored;
  };

  const writeOutcomes = (batch: Batch, guard: Guard): BatchResult["receipts"] => {
    const calls = batch.outcomes.map((text) => JSON.parse(text) as OutcomeRecord[]);
    const ahead = new Set(calls.flatMap((call) => call.map(({ outcomeId }) => outcomeId)));
    const add = (outcome: OutcomeRecord) => {
      ahead.delete(outcome.outcomeId);
      return outcomes.add(outcome, ahead);
    };
    return calls.map((call) => guard(call.length, () => call.map(add)));
  };

  const writeAll = (batch: Batch, guard: Guard) => {
    for (const text of batch.phases) {
      // These texts are ours: JSON.stringify made them of the types that are named here.
      const phase = JSON.parse(text) as Phase;
      guard(0, () => addPhase.run(phase.experimentId, phase.id, phase.startedAt, text));
    }
    for (const crash of batch.crashes) guard(0, () => boot.addCrash(crash));
    for (const text of batch.exposures) guard(1, () => records.expose(text, boot.id()));
    const stored = writeRecords(batch, guard);
    const receipts = writeOutcomes(batch, guard);
    for (const text of batch.contents) guard(1, () => keepContent(text));
    boot.touch({ lastSequence: batch.lastSequence, stored });
    // Last: what of the unit was queued before must not come after.
    const forgotten = batch.forgets.map((unitHash) => guard(0, () => forget(unitHash)));
    return { receipts, forgotten };
  };

  const endExposures = (limit: number) => {
    for (const ended of records.endExposures(now() - bootLeaseMs, limit)) outcomes.requestCame(ended);
  };

  return {
    transactions,
    write(batch) {
      try {
        const written = transactions.run(() => writeAll(batch, (_rows, write) => write()));
        return { ...written, refused: 0, refusal: undefined };
      } catch (error) {
        if (faultOf(error).kind !== "bug") throw error;
      }
      return writeOneByOne(transactions, (guard) => writeAll(batch, guard));
    },
    keepAlive() {
      const isSilent = now() - (boot.touchedAt() ?? Number.POSITIVE_INFINITY) > longestSilenceMs;
      if (isSilent || records.hasExposures())
        transactions.run(() => boot.touch({ lastSequence: 0, stored: 0 }));
    },
    endExposures() {
      if (!records.hasExposures()) return;
      transactions.run(() => endExposures(exposuresAtOnce));
    },
    close(lastSequence) {
      transactions.run(() => {
        boot.touch({ lastSequence, stored: 0 });
        boot.close();
        endExposures(Number.MAX_SAFE_INTEGER);
      });
    },
  };
}

/** One bad row must not hold up all others for ever: each write on its own, and what cannot be stored is left out. */
function writeOneByOne(
  transactions: Transactions,
  writeAll: (guard: Guard) => Pick<BatchResult, "receipts" | "forgotten">,
): BatchResult {
  let refused = 0;
  let refusal: string | undefined;
  const guard: Guard = (rows, write) => {
    try {
      return transactions.part(write);
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind !== "bug") throw error;
      refused += rows;
      refusal = fault.reason;
      return undefined;
    }
  };
  const written = transactions.run(() => writeAll(guard));
  return { ...written, refused, refusal };
}
