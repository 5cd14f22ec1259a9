/** The store's ports in memory: for tests, and for a process that keeps nothing. */
import { parseContent } from "../core/content-record.ts";
import { bodyOf, parseRecord } from "../core/record-text.ts";
import { factColumns, isFact, unfinishedFlags } from "../core/request-fact.ts";
import { Failure } from "../domain/failure.ts";
import type { OutcomeReceipt, OutcomeRecord } from "../domain/outcome.ts";
import type { RequestRecord } from "../domain/record.ts";
import type {
  BootCount,
  ContentRecord,
  EventStore,
  FactSource,
  Forgotten,
  OutcomeFact,
  Phase,
  RecordFilter,
  RequestFact,
  StoreHealth,
} from "../domain/store.ts";
import { type KeptOutcome, type KeptRecord, type MemoryOptions, MemoryRows } from "./memory-rows.ts";

/** Both ports over the same rows. They are gone with the process, and the oldest go when there are too many. */
export function createMemoryStore(options: MemoryOptions): {
  readonly store: EventStore;
  readonly source: FactSource;
} {
  const memory = new MemoryRows(options);
  return { store: new MemoryEventStore(memory), source: new MemoryFactSource(memory) };
}

class MemoryEventStore implements EventStore {
  readonly #memory: MemoryRows;

  constructor(memory: MemoryRows) {
    this.#memory = memory;
  }

  append(record: RequestRecord): void {
    this.#memory.sequence++;
    if (this.#memory.closedAt === undefined) this.#memory.addRecord(record, false);
  }

  appendTexts(texts: readonly string[]): void {
    for (const text of texts) this.append(parseRecord(bodyOf(text)));
  }

  drop(count: number): void {
    this.#memory.sequence += count;
  }

  addCrash(): void {
    this.#memory.crashes++;
  }

  async expose(record: RequestRecord): Promise<void> {
    this.#refuseClosed();
    if (!this.#memory.byRequest.has(record.requestId)) this.#memory.exposures.set(record.requestId, record);
  }

  async addOutcomes(outcomes: readonly OutcomeRecord[]): Promise<readonly OutcomeReceipt[]> {
    this.#refuseClosed();
    return outcomes.map((outcome) => this.#memory.addOutcome(outcome));
  }

  addPhase(phase: Phase): void {
    const key = JSON.stringify([phase.experimentId, phase.id]);
    if (!this.#memory.phases.has(key)) this.#memory.phases.set(key, phase);
  }

  async flush(): Promise<void> {}

  health(): StoreHealth {
    const { sequence, stored } = this.#memory;
    return {
      engine: "memory",
      state: "ok",
      reason: undefined,
      queuedRows: 0,
      queuedBytes: 0,
      writtenRows: stored,
      droppedRows: sequence - stored,
      writerRestarts: 0,
      damagedBlocks: 0,
    };
  }

  async recent(filter: RecordFilter): Promise<readonly RequestRecord[]> {
    this.#refuseClosed();
    return this.#memory.records
      .filter(({ record }) => matches(record, filter))
      .toSorted((a, b) => b.record.receivedAt - a.record.receivedAt || b.row - a.row)
      .slice(0, filter.limit)
      .map(({ record }) => record);
  }

  keepContent(text: string): void {
    if (this.#memory.closedAt === undefined) this.#memory.keepContent(parseContent(text));
  }

  async content(requestId: string): Promise<ContentRecord | undefined> {
    this.#refuseClosed();
    this.#memory.dropOldContents();
    return this.#memory.contents.get(requestId);
  }

  async forget(unitHash: string): Promise<Forgotten> {
    this.#refuseClosed();
    return this.#memory.forget(unitHash);
  }

  async close(): Promise<void> {
    const memory = this.#memory;
    memory.closedAt ??= memory.now();
    for (const record of memory.exposures.values()) memory.addRecord(record, true);
  }

  #refuseClosed(): void {
    if (this.#memory.closedAt === undefined) return;
    throw new Failure("store_unavailable", "This cannot be kept now: the store is closed. Send it again.", {
      retryAfterMs: 1_000,
    });
  }
}

class MemoryFactSource implements FactSource {
  readonly #memory: MemoryRows;

  constructor(memory: MemoryRows) {
    this.#memory = memory;
  }

  generation(): number {
    return this.#memory.generation;
  }

  eachFact(experimentId: string, afterRow: number, visit: (fact: RequestFact) => void): number {
    const kept = this.#memory.records.filter(
      ({ row, record }) => row > afterRow && record.experimentId === experimentId && isFact(record),
    );
    for (const one of kept) visit(factOf(one, this.#memory));
    return kept.at(-1)?.row ?? afterRow;
  }

  eachOutcome(afterRow: number, visit: (outcome: OutcomeFact) => void): number {
    const kept = [...this.#memory.outcomes.values()].filter((one) => one.row > afterRow && !isWaiting(one));
    for (const one of kept) visit(outcomeFactOf(one, this.#memory));
    return kept.at(-1)?.row ?? afterRow;
  }

  phases(experimentId: string): readonly Phase[] {
    return [...this.#memory.phases.values()]
      .filter((phase) => phase.experimentId === experimentId)
      .toSorted((a, b) => a.startedAt - b.startedAt);
  }

  boots(): readonly BootCount[] {
    const { instance, boot, startedAt, closedAt, now, sequence, stored, crashes } = this.#memory;
    const aliveAt = closedAt ?? now();
    const isClosed = closedAt !== undefined;
    const own = { instance, boot, startedAt, aliveAt, isClosed, lastSequence: sequence, rows: stored };
    // As the file has them: from before the boot that they were part of.
    const crashed = Array.from({ length: crashes }, (_, index) => ({
      ...{ instance, boot: `${boot}-worker-${index + 1}`, startedAt: startedAt - 1, aliveAt },
      ...{ isClosed: false, lastSequence: 0, rows: 0 },
    }));
    return [own, ...crashed];
  }

  orphans(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const one of this.#memory.outcomes.values()) {
      if (!isWaiting(one)) continue;
      counts.set(one.outcome.metric, (counts.get(one.outcome.metric) ?? 0) + 1);
    }
    return counts;
  }

  close(): void {}
}

function isWaiting({ outcome, request }: KeptOutcome): boolean {
  return outcome.subject.kind === "request" && request === undefined;
}

function matches(record: RequestRecord, filter: RecordFilter): boolean {
  const { experimentId, variantId, outcome, unitHash, requestId, until } = filter;
  const wanted = [
    [experimentId, record.experimentId],
    [variantId, record.assignedVariantId],
    [outcome, record.outcome],
    [unitHash, record.unitHash],
    [requestId, record.requestId],
  ];
  if (until !== undefined && record.receivedAt > until) return false;
  return wanted.every(([asked, found]) => asked === undefined || asked === found);
}

function factOf({ row, record, isUnfinished }: KeptRecord, memory: MemoryRows): RequestFact {
  const columns = factColumns(record);
  return {
    row,
    ...columns,
    flags: isUnfinished ? unfinishedFlags(columns.flags) : columns.flags,
    unit: memory.subjectOf(record.unitHash ?? ""),
    session: record.sessionHash === undefined ? 0 : memory.subjectOf(record.sessionHash),
    phase: record.phase ?? "",
    assigned: record.assignedVariantId ?? "",
    served: record.servedVariantId,
  };
}

function outcomeFactOf({ row, outcome, request }: KeptOutcome, memory: MemoryRows): OutcomeFact {
  const { metric, at, receivedAt, subject, value, category, label } = outcome;
  return {
    row,
    metric,
    at,
    receivedAt,
    requestRow: request?.row,
    session: subject.kind === "session" ? memory.subjectOf(subject.sessionHash) : undefined,
    unit: subject.kind === "unit" ? memory.subjectOf(subject.unitHash) : undefined,
    value,
    category,
    label,
    prediction: label === undefined ? undefined : request?.record.prediction,
  };
}
