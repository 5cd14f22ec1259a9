/** Where records and outcomes are kept, and how they are read again. */
import type { OutcomeReceipt, OutcomeRecord } from "./outcome.ts";
import type { RequestRecord } from "./record.ts";

/** An interval of constant ratio and constant variants; estimates are made within one, and pooled. */
export interface Phase {
  readonly id: string;
  readonly experimentId: string;
  /** Epoch milliseconds of its first appearance. */
  readonly startedAt: number;
  readonly revision: string;
  /** Share of the line, by variant; they need not sum to 1. */
  readonly shares: Readonly<Record<string, number>>;
  /** Switches that stood: a killed variant is not compared in this phase. */
  readonly killed: readonly string[];
}

/** Takes facts from the path of the requests. */
export interface RecordSink {
  /** Queues a finished record; durable within `commit_ms`. Never throws, never waits; what finds the queue full is counted as dropped. */
  append(record: RequestRecord): void;
  /** Resolves when this exposure is durable (`durability: strict`); the finished record of the same id completes it. Rejects `store_unavailable`. */
  expose(record: RequestRecord): Promise<void>;
  /** Resolves when all are durable, in their order. Rejects `store_unavailable`, with a `retryAfterMs`, when none is. */
  addOutcomes(outcomes: readonly OutcomeRecord[]): Promise<readonly OutcomeReceipt[]>;
  /** Idempotent by (experiment, id). */
  addPhase(phase: Phase): void;
  /** Queues what was said in a request, by `contentText`, as `append` does its record. */
  keepContent(text: string): void;
}

/** What was said in a request, redacted. */
export interface ContentRecord {
  readonly requestId: string;
  readonly receivedAt: number;
  readonly unitHash: string | undefined;
  readonly sessionHash: string | undefined;
  /** Messages in the form of GenAI's semantic conventions. */
  readonly input: readonly unknown[];
  readonly output: readonly unknown[];
}

/** Writes facts. One for each state folder. */
export interface EventStore extends RecordSink {
  /**
   * Queues finished records that are JSON already: those of a process that has no store of its own. Each counts as one that was
   * appended here, and is bounded, numbered and dropped like it. The texts are believed: only `recordText` makes them.
   */
  appendTexts(texts: readonly string[]): void;
  /** Numbers records that will not come, for the process that made them had no room: they count as dropped. */
  drop(count: number): void;
  /** A process that handed its records over has ended without a word: what it still held is lost, and nobody knows how much. */
  addCrash(): void;
  /** Resolves when everything that was appended before is durable. Rejects `store_unavailable` when the disk refuses for long. */
  flush(): Promise<void>;
  health(): StoreHealth;
  /** Newest first. */
  recent(filter: RecordFilter): Promise<readonly RequestRecord[]>;
  /** Undefined where nothing is kept of what was said in it. */
  content(requestId: string): Promise<ContentRecord | undefined>;
  /**
   * Takes away everything that is kept of a unit, what was appended before included, and of the sessions that nobody else had.
   * Resolves when no byte of it is left in the store. Rejects `store_unavailable` when that cannot be said: then it is done, in
   * part or not at all, and to be asked again.
   */
  forget(unitHash: string): Promise<Forgotten>;
  /** Flushes, marks the boot as closed, ends the workers. */
  close(): Promise<void>;
}

/** Rows that were kept of a unit. */
export interface Forgotten {
  readonly records: number;
  /** Of the records, those that the statistics read. */
  readonly facts: number;
  readonly outcomes: number;
  /** Requests of which it was kept what was said. */
  readonly contents: number;
  /** Sessions that were this unit's alone. */
  readonly sessions: number;
}

export interface RecordFilter {
  readonly experimentId?: string | undefined;
  readonly variantId?: string | undefined;
  readonly outcome?: string | undefined;
  readonly unitHash?: string | undefined;
  readonly requestId?: string | undefined;
  /** Received before or at this time, epoch milliseconds: for the next page. */
  readonly until?: number | undefined;
  readonly limit: number;
}

export interface StoreHealth {
  readonly engine: string;
  /** `degraded`: what comes is queued or dropped, and traffic goes on. */
  readonly state: "ok" | "degraded";
  readonly reason: string | undefined;
  readonly queuedRows: number;
  readonly queuedBytes: number;
  readonly writtenRows: number;
  readonly droppedRows: number;
  readonly writerRestarts: number;
  /** Damaged pieces of the store that readers have met since its start: their records are left out of what is read. */
  readonly damagedBlocks: number;
}

/** A record in numbers, as the statistics read it. Ids are the store's own small integers, stable while the store lives. */
export interface RequestFact {
  /** Ascending in the order of commits. */
  readonly row: number;
  readonly receivedAt: number;
  readonly unit: number;
  /** 0 where no session was told. */
  readonly session: number;
  readonly phase: string;
  readonly assigned: string;
  readonly served: string | undefined;
  /** Bits of `factFlags`. */
  readonly flags: number;
  readonly latencyMs: number;
  readonly firstChunkMs: number | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly cachedTokens: number | undefined;
  readonly costUsd: number | undefined;
  readonly responseModel: string | undefined;
}

export const factFlags = {
  exposed: 1,
  success: 2,
  /** The first attempt failed; a client that went away is no error. */
  error: 4,
  fallback: 8,
  refusal: 16,
  truncated: 32,
  blocked: 64,
  cancelled: 128,
  rateLimited: 256,
  /** A schema was evaluated on the first answer, and it passed. */
  schemaFirstEvaluated: 512,
  schemaFirstPassed: 1024,
  /** … on the answer that was served. */
  schemaEvaluated: 2048,
  schemaPassed: 4096,
  killed: 8192,
  pinned: 16_384,
  /** Exposed, and never finished: the process ended first (`durability: strict`). */
  unfinished: 32_768,
  /** A guardrail took something out of what went in or came out, or wrote something down. */
  redacted: 65_536,
  flagged: 131_072,
} as const;

export interface OutcomeFact {
  readonly row: number;
  readonly metric: string;
  readonly at: number;
  readonly receivedAt: number;
  /** `row` of the request's fact, for an outcome by request; undefined while the request is unknown. */
  readonly requestRow: number | undefined;
  readonly session: number | undefined;
  readonly unit: number | undefined;
  readonly value: number | undefined;
  readonly category: string | undefined;
  /** The label, and what the request had predicted. */
  readonly label: string | undefined;
  readonly prediction: string | undefined;
}

/** Rows that one boot of one instance numbered, and how many of them are here. */
export interface BootCount {
  readonly instance: string;
  readonly boot: string;
  readonly startedAt: number;
  /** When it last wrote, epoch milliseconds. */
  readonly aliveAt: number;
  readonly isClosed: boolean;
  readonly lastSequence: number;
  readonly rows: number;
}

/** Reads facts, in the thread of the statistics. */
export interface FactSource {
  /** Changes when rows were taken away (retention, a deleted unit): what was read before must be read anew. */
  generation(): number;
  /** Facts of an experiment that have a unit, after `row`; gives the last row. */
  eachFact(experimentId: string, afterRow: number, visit: (fact: RequestFact) => void): number;
  /** Outcomes of all experiments after `row`; one whose request became known comes again under a new row. */
  eachOutcome(afterRow: number, visit: (outcome: OutcomeFact) => void): number;
  phases(experimentId: string): readonly Phase[];
  boots(): readonly BootCount[];
  /** Outcomes by request whose request is not here (yet), by metric; `eachOutcome` leaves them out. */
  orphans(): ReadonlyMap<string, number>;
  close(): void;
}
