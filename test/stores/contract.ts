/** What every store keeps to: one suite, run on each engine. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { recordText } from "../../src/core/record-text.ts";
import { factColumns } from "../../src/core/request-fact.ts";
import { Failure } from "../../src/domain/failure.ts";
import {
  type EventStore,
  type FactSource,
  factFlags,
  type OutcomeFact,
  type RecordFilter,
  type RequestFact,
} from "../../src/domain/store.ts";
import { forgetTests } from "./forget-contract.ts";
import { asKept, keyless, outcome, phase, pseudonym, record, said } from "./record-fixture.ts";

export interface OpenedStore {
  readonly store: EventStore;
  readonly source: FactSource;
}

export function storeContract(engine: string, open: (t: TestContext) => OpenedStore): void {
  describe(`a store ${engine}: records`, () => recordTests(open));
  describe(`a store ${engine}: facts`, () => factTests(open));
  describe(`a store ${engine}: outcomes`, () => outcomeTests(open));
  describe(`a store ${engine}: strict exposures`, () => exposureTests(open));
  describe(`a store ${engine} that forgets a unit`, () => forgetTests(open));
  describe(`a store ${engine}: boots, phases and its end`, () => bootTests(open));
}

type Open = (t: TestContext) => OpenedStore;

function factsOf(source: FactSource, afterRow = 0, experimentId = "tone"): RequestFact[] {
  const facts: RequestFact[] = [];
  const last = source.eachFact(experimentId, afterRow, (fact) => facts.push(fact));
  assert.equal(last, facts.at(-1)?.row ?? afterRow);
  return facts;
}

function outcomesOf(source: FactSource, afterRow = 0): OutcomeFact[] {
  const outcomes: OutcomeFact[] = [];
  const last = source.eachOutcome(afterRow, (one) => outcomes.push(one));
  assert.equal(last, outcomes.at(-1)?.row ?? afterRow);
  return outcomes;
}

function recordTests(open: Open): void {
  test("come back whole, also with texts that no other encoding keeps", async (t) => {
    const { store } = open(t);
    const one = record({ requestModel: "a\nb\u2028 \u0000 \ud83d\ude00 ü" });
    store.append(one);
    assert.deepEqual(asKept(await store.recent({ limit: 10 })), [asKept(one)]);
  });

  test("that are text already are records as all others, numbered in their turn", async (t) => {
    const { store, source } = open(t);
    const [first, second, third] = [record(), record({ requestModel: "\ud83d\ude00 ü" }), record()];
    store.append(first);
    store.appendTexts([second, third].map(recordText));
    await store.flush();
    const found = await store.recent({ limit: 10 });
    assert.deepEqual(asKept(found), asKept([third, second, first]));
    const [boot] = source.boots();
    assert.deepEqual([boot?.lastSequence, boot?.rows, store.health().writtenRows], [3, 3, 3]);
  });

  test("that another process had no room for are numbered as lost", async (t) => {
    const { store, source } = open(t);
    store.append(record());
    store.drop(2);
    await store.flush();
    const [boot] = source.boots();
    assert.deepEqual([boot?.lastSequence, boot?.rows, store.health().droppedRows], [3, 1, 2]);
  });

  test("of a process that ended without a word may be missing: it has a boot that another one follows", async (t) => {
    const { store, source } = open(t);
    store.append(record());
    for (const _ of [1, 2]) store.addCrash();
    await store.flush();
    const [own, ...crashed] = source.boots();
    assert.deepEqual(
      crashed.map(({ instance, isClosed, rows }) => [instance, isClosed, rows]),
      [1, 2].map(() => [own?.instance, false, 0]),
    );
    assert.ok(crashed.every(({ startedAt }) => startedAt < (own?.startedAt ?? 0)));
    assert.equal(new Set(source.boots().map(({ boot }) => boot)).size, 3);
  });

  test("are read without waiting for the next commit", async (t) => {
    const { store } = open(t);
    const one = record();
    store.append(one);
    const [found] = await store.recent({ requestId: one.requestId, limit: 1 });
    assert.equal(found?.requestId, one.requestId);
  });

  test("have what was said beside them, once, and in no page of theirs", async (t) => {
    const { store, source } = open(t);
    const one = record();
    store.append(one);
    store.keepContent(said(one, "the words \u2028 of \ud83d\ude00"));
    assert.deepEqual(
      asKept(await store.content(one.requestId)),
      JSON.parse(said(one, "the words \u2028 of \ud83d\ude00")),
    );
    assert.equal(await store.content(record().requestId), undefined);
    assert.ok(!JSON.stringify(await store.recent({ limit: 10 })).includes("the words"));
    const before = source.generation();
    store.keepContent(said(one));
    store.keepContent(said(record({ unitHash: undefined, sessionHash: undefined })));
    await store.flush();
    assert.equal(source.generation(), before);
    const [boot] = source.boots();
    assert.deepEqual([boot?.lastSequence, boot?.rows], [1, 1]);
  });

  test("come newest first, whatever the order of their writing", async (t) => {
    const { store } = open(t);
    const now = Date.now();
    for (const ageMs of [20, 10, 30]) store.append(record({ receivedAt: now - ageMs }));
    const times = (await store.recent({ limit: 10 })).map((one) => now - one.receivedAt);
    assert.deepEqual(times, [10, 20, 30]);
  });

  test("are found by each filter alone and by all together", async (t) => {
    const { store } = open(t);
    const wanted = record({
      experimentId: "length",
      assignedVariantId: "short",
      outcome: "timeout",
      unitHash: pseudonym("eve"),
    });
    for (const one of [record(), wanted, record()]) store.append(one);
    const filters: Omit<RecordFilter, "limit">[] = [
      { experimentId: "length" },
      { variantId: "short" },
      { outcome: "timeout" },
      { unitHash: pseudonym("eve") },
      { requestId: wanted.requestId },
    ];
    filters.push(Object.assign({}, ...filters));
    for (const filter of filters) {
      const found = await store.recent({ ...filter, limit: 10 });
      assert.deepEqual(
        found.map(({ requestId }) => requestId),
        [wanted.requestId],
        JSON.stringify(filter),
      );
    }
    assert.deepEqual(await store.recent({ experimentId: "unheard of", limit: 10 }), []);
    assert.deepEqual(await store.recent({ requestId: "no id of ours", limit: 10 }), []);
  });

  test("are paged by time without losing one", async (t) => {
    const { store } = open(t);
    const now = Date.now();
    for (let ageMs = 25; ageMs > 0; ageMs--) store.append(record({ receivedAt: now - ageMs }));
    const seen: number[] = [];
    for (let until = Number.MAX_SAFE_INTEGER; ; ) {
      const page = await store.recent({ until, limit: 10 });
      seen.push(...page.map((one) => now - one.receivedAt));
      const last = page.at(-1);
      if (last === undefined) break;
      until = last.receivedAt - 1;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 25 }, (_, at) => at + 1),
    );
  });

  test("are kept once, when the same one is given twice", async (t) => {
    const { store, source } = open(t);
    const one = record();
    store.append(one);
    store.append(one);
    await store.flush();
    assert.equal((await store.recent({ limit: 10 })).length, 1);
    assert.equal(factsOf(source).length, 1);
  });
}

function factTests(open: Open): void {
  test("hold what the statistics read of a record", async (t) => {
    const { store, source } = open(t);
    const one = record({ reason: "killed", servedVariantId: "warm" });
    store.append(one);
    await store.flush();
    const [fact] = factsOf(source);
    assert.ok(fact !== undefined);
    const { row, unit, session, ...rest } = fact;
    assert.deepEqual(rest, {
      ...factColumns(one),
      phase: one.phase,
      assigned: "control",
      served: "warm",
    });
    assert.ok(row > 0 && unit > 0 && session > 0);
  });

  test("keep apart what is unknown and what is 0", async (t) => {
    const { store, source } = open(t);
    const unknown = {
      firstChunkMs: undefined,
      usage: undefined,
      costUsd: undefined,
      responseModel: undefined,
    };
    store.append(record({ ...unknown, servedVariantId: undefined, sessionHash: undefined }));
    store.append(record({ firstChunkMs: 0, costUsd: 0 }));
    await store.flush();
    const [first, second] = factsOf(source);
    for (const name of ["firstChunkMs", "inputTokens", "outputTokens", "cachedTokens", "costUsd"] as const) {
      assert.equal(first?.[name], undefined, name);
    }
    assert.deepEqual([first?.responseModel, first?.served, first?.session], [undefined, undefined, 0]);
    assert.deepEqual([second?.firstChunkMs, second?.costUsd], [0, 0]);
  });

  test("are of their experiment only, and only where a unit was assigned", async (t) => {
    const { store, source } = open(t);
    store.append(record({ experimentId: "length" }));
    store.append(record({ experimentId: undefined, assignedVariantId: undefined, unitHash: undefined }));
    store.append(record({ unitHash: undefined }));
    const one = record();
    store.append(one);
    await store.flush();
    assert.deepEqual(
      factsOf(source).map((fact) => fact.receivedAt),
      [one.receivedAt],
    );
    assert.equal(factsOf(source, 0, "length").length, 1);
    assert.deepEqual(factsOf(source, 7, "unheard of"), []);
  });

  test("give one number to one unit, and different ones to different units", async (t) => {
    const { store, source } = open(t);
    for (const name of ["ada", "eve", "ada"]) store.append(record({ unitHash: pseudonym(name) }));
    await store.flush();
    const [first, second, third] = factsOf(source).map(({ unit }) => unit);
    assert.equal(first, third);
    assert.notEqual(first, second);
  });

  test("are read on from the last row, each once, in ascending rows", async (t) => {
    const { store, source } = open(t);
    const seen: RequestFact[] = [];
    for (let round = 0; round < 4; round++) {
      for (let count = 0; count < 3; count++) store.append(record({ latencyMs: seen.length + count }));
      await store.flush();
      const more = factsOf(source, seen.at(-1)?.row ?? 0);
      assert.equal(more.length, 3);
      seen.push(...more);
    }
    const rows = seen.map(({ row }) => row);
    assert.deepEqual(
      rows,
      rows.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(rows).size, 12);
    assert.deepEqual(
      seen.map(({ latencyMs }) => latencyMs),
      Array.from({ length: 12 }, (_, at) => at),
    );
  });

  test("leave the generation as it is while rows are only added", async (t) => {
    const { store, source } = open(t);
    store.append(record());
    await store.flush();
    const before = source.generation();
    store.append(record());
    await store.addOutcomes([outcome()]);
    assert.equal(source.generation(), before);
  });
}

function byRequest(requestId: string) {
  return { subject: { kind: "request", requestId } } as const;
}

function outcomeTests(open: Open): void {
  test("are there as soon as they are acknowledged, in their order", async (t) => {
    const { store, source } = open(t);
    const sent = [outcome({ value: 1 }), outcome({ value: 0.5 }), outcome({ value: -3 })];
    const receipts = await store.addOutcomes(sent);
    assert.deepEqual(
      receipts,
      sent.map(({ outcomeId }) => ({ outcomeId, status: "stored" })),
    );
    assert.deepEqual(
      outcomesOf(source).map(({ value }) => value),
      [1, 0.5, -3],
    );
  });

  test("are counted once when they are repeated, and the receipt names the first", async (t) => {
    const { store, source } = open(t);
    const first = outcome({ value: 1 });
    const repeated = outcome({ value: 0, idempotencyHash: first.idempotencyHash });
    await store.addOutcomes([first]);
    const other = outcome({ value: 5 });
    assert.deepEqual(await store.addOutcomes([repeated, other, repeated]), [
      { outcomeId: first.outcomeId, status: "duplicate" },
      { outcomeId: other.outcomeId, status: "stored" },
      { outcomeId: first.outcomeId, status: "duplicate" },
    ]);
    assert.deepEqual(
      outcomesOf(source).map(({ value }) => value),
      [1, 5],
    );
  });

  test("without a key are repetitions of the newest of their metric and subject only", async (t) => {
    const { store, source } = open(t);
    const thumbs = [1, 1, 0, 1, 1].map((value) => keyless({ value }));
    const ids = thumbs.map(({ outcomeId }) => outcomeId);
    const receipts = [];
    for (const thumb of thumbs) receipts.push(...(await store.addOutcomes([thumb])));
    assert.deepEqual(receipts, [
      { outcomeId: ids[0], status: "stored" },
      { outcomeId: ids[0], status: "duplicate" },
      { outcomeId: ids[2], status: "stored" },
      { outcomeId: ids[3], status: "stored" },
      { outcomeId: ids[3], status: "duplicate" },
    ]);
    assert.deepEqual(
      outcomesOf(source).map(({ value }) => value),
      [1, 0, 1],
    );
  });

  test("without a key are told apart in one call too, each metric and each subject for itself", async (t) => {
    const { store, source } = open(t);
    const eve = { subject: { kind: "unit", unitHash: pseudonym("eve") } } as const;
    const session = { subject: { kind: "session", sessionHash: pseudonym("ada") } } as const;
    const sent = [
      keyless({ value: 1 }),
      keyless({ value: 0, ...eve }),
      keyless({ value: 0, ...session }),
      keyless({ value: 0, metric: "csat" }),
      keyless({ value: 1 }),
      keyless({ value: 0 }),
      keyless({ value: 1 }),
    ];
    assert.deepEqual(
      (await store.addOutcomes(sent)).map(({ status }) => status),
      ["stored", "stored", "stored", "stored", "duplicate", "stored", "stored"],
    );
    assert.deepEqual(
      outcomesOf(source).map(({ value }) => value),
      [1, 0, 0, 0, 0, 1],
    );
  });

  test("without a key are no repetition of one with a key, and a key decides for ever", async (t) => {
    const { store } = open(t);
    const keyed = outcome({ value: 1 });
    const sent = [keyed, keyless({ value: 1 }), keyless({ value: 0 }), { ...keyed, outcomeId: "another" }];
    assert.deepEqual(
      (await store.addOutcomes(sent)).map(({ status }) => status),
      ["stored", "stored", "stored", "duplicate"],
    );
    // A keyed one that came between is the newest.
    assert.deepEqual(
      (await store.addOutcomes([outcome({ value: 1 }), keyless({ value: 0 })])).map(({ status }) => status),
      ["stored", "stored"],
    );
  });

  test("without a key that come before their request keep their order when it is there", async (t) => {
    const { store } = open(t);
    const one = record();
    const thumb = (value: number) => keyless({ ...byRequest(one.requestId), value });
    await store.addOutcomes([thumb(1), thumb(0)]);
    store.append(one);
    await store.flush();
    assert.deepEqual(
      (await store.addOutcomes([thumb(0), thumb(1), thumb(1)])).map(({ status }) => status),
      ["duplicate", "stored", "duplicate"],
    );
  });

  test("need not be any", async (t) => {
    assert.deepEqual(await open(t).store.addOutcomes([]), []);
  });

  test("of a unit and of a session bear the numbers that facts bear", async (t) => {
    const { store, source } = open(t);
    store.append(record());
    await store.addOutcomes([
      outcome({ subject: { kind: "unit", unitHash: pseudonym("ada") } }),
      outcome({ subject: { kind: "session", sessionHash: pseudonym("session-1") } }),
    ]);
    await store.flush();
    const [fact] = factsOf(source);
    const [ofUnit, ofSession] = outcomesOf(source);
    assert.deepEqual([ofUnit?.unit, ofUnit?.session, ofUnit?.requestRow], [fact?.unit, undefined, undefined]);
    assert.deepEqual([ofSession?.session, ofSession?.unit], [fact?.session, undefined]);
  });

  test("of a request name the row of its fact, and what it had predicted", async (t) => {
    const { store, source } = open(t);
    const one = record({ prediction: "setosa" });
    store.append(one);
    await store.flush();
    const labelled = { ...byRequest(one.requestId), metric: "correct", value: undefined, label: "virginica" };
    await store.addOutcomes([outcome(labelled), outcome({ ...byRequest(one.requestId) })]);
    const [ofLabel, ofValue] = outcomesOf(source);
    assert.equal(ofLabel?.requestRow, factsOf(source)[0]?.row);
    assert.deepEqual(
      [ofLabel?.metric, ofLabel?.label, ofLabel?.prediction, ofLabel?.value],
      ["correct", "virginica", "setosa", undefined],
    );
    assert.equal(ofValue?.prediction, undefined);
  });

  test("that come before their request are orphans until it is there, and then come under a new row", async (t) => {
    const { store, source } = open(t);
    const one = record({ prediction: "setosa" });
    const early = { ...byRequest(one.requestId), metric: "correct", value: undefined, label: "setosa" };
    await store.addOutcomes([outcome(early), outcome({ ...byRequest(record().requestId) })]);
    await store.addOutcomes([outcome({ value: 3 })]);
    assert.deepEqual(source.orphans(), new Map(Object.entries({ correct: 1, resolved: 1 })));
    const before = outcomesOf(source);
    assert.deepEqual(
      before.map(({ value }) => value),
      [3],
    );
    store.append(one);
    await store.flush();
    const [tied, ...more] = outcomesOf(source, before.at(-1)?.row);
    assert.deepEqual(
      [tied?.label, tied?.prediction, tied?.requestRow],
      ["setosa", "setosa", factsOf(source)[0]?.row],
    );
    assert.deepEqual(more, []);
    assert.deepEqual(source.orphans(), new Map([["resolved", 1]]));
    const again = await store.addOutcomes([
      outcome({ ...early, idempotencyHash: outcome(early).idempotencyHash }),
    ]);
    assert.equal(again[0]?.status, "stored");
  });

  test("keep category, times and metric", async (t) => {
    const { store, source } = open(t);
    const one = outcome({ metric: "topic", value: undefined, category: "good" });
    await store.addOutcomes([one]);
    const [fact] = outcomesOf(source);
    assert.deepEqual(
      [fact?.metric, fact?.value, fact?.category, fact?.at, fact?.receivedAt],
      ["topic", undefined, "good", one.at, one.receivedAt],
    );
  });
}

function exposureTests(open: Open): void {
  test("are no fact before their request has ended, and then an ordinary one", async (t) => {
    const { store, source } = open(t);
    const one = record();
    await store.expose({ ...one, outcome: "cancelled", latencyMs: 0 });
    assert.deepEqual(factsOf(source), []);
    store.append(one);
    await store.flush();
    const facts = factsOf(source);
    assert.deepEqual(
      facts.map(({ flags, latencyMs }) => [flags, latencyMs]),
      [[factColumns(one).flags, one.latencyMs]],
    );
    assert.equal((await store.recent({ limit: 10 })).length, 1);
  });

  test("become unfinished facts when their boot ends first", async (t) => {
    const { store, source } = open(t);
    await store.expose(record());
    await store.close();
    assert.deepEqual(
      factsOf(source).map(({ flags }) => flags),
      [factFlags.exposed | factFlags.unfinished],
    );
    const [boot] = source.boots();
    assert.deepEqual([boot?.lastSequence, boot?.rows], [0, 0]);
  });

  test("that become unfinished have the outcomes that came before", async (t) => {
    const { store, source } = open(t);
    const one = record({ prediction: undefined });
    const early = { ...byRequest(one.requestId), metric: "correct", value: undefined, label: "setosa" };
    await store.expose(one);
    await store.addOutcomes([outcome(early)]);
    await store.close();
    assert.deepEqual(
      outcomesOf(source).map(({ requestRow }) => requestRow),
      factsOf(source).map(({ row }) => row),
    );
    assert.deepEqual([outcomesOf(source).length, source.orphans()], [1, new Map()]);
  });

  test("that come after their record change nothing", async (t) => {
    const { store, source } = open(t);
    const one = record();
    store.append(one);
    await store.flush();
    await store.expose(one);
    await store.close();
    assert.deepEqual(
      factsOf(source).map(({ flags }) => flags),
      [factColumns(one).flags],
    );
  });
}

function bootTests(open: Open): void {
  test("a boot counts what it numbered and what is here, and tells whether it has ended", async (t) => {
    const { store, source } = open(t);
    for (let count = 0; count < 5; count++) store.append(record());
    await store.flush();
    const [running] = source.boots();
    assert.deepEqual(
      [running?.instance, running?.boot, running?.isClosed, running?.lastSequence, running?.rows],
      ["here", "boot-1", false, 5, 5],
    );
    assert.ok((running?.aliveAt ?? 0) >= (running?.startedAt ?? Number.NaN));
    await store.close();
    assert.equal(source.boots()[0]?.isClosed, true);
    assert.equal(source.boots().length, 1);
  });

  test("a phase is kept once, as it first appeared", async (t) => {
    const { store, source } = open(t);
    const first = phase({ startedAt: 10 });
    const second = phase({ id: "second", startedAt: 20, killed: ["warm"] });
    for (const one of [second, first, { ...first, startedAt: 99 }, phase({ experimentId: "length" })]) {
      store.addPhase(one);
    }
    await store.flush();
    assert.deepEqual(source.phases("tone"), [first, second]);
    assert.deepEqual(source.phases("unheard of"), []);
  });

  test("the health counts what is written, and is well", async (t) => {
    const { store } = open(t);
    for (let count = 0; count < 3; count++) store.append(record());
    await store.addOutcomes([outcome()]);
    await store.flush();
    const { state, reason, queuedRows, queuedBytes, droppedRows, writerRestarts } = store.health();
    assert.deepEqual(
      [state, reason, queuedRows, queuedBytes, droppedRows, writerRestarts],
      ["ok", undefined, 0, 0, 0, 0],
    );
    assert.ok(store.health().writtenRows >= 3);
  });

  test("after its end it takes nothing: records are counted as dropped, outcomes refused", async (t) => {
    const { store } = open(t);
    await store.close();
    await store.close();
    await store.flush();
    store.append(record());
    assert.equal(store.health().droppedRows, 1);
    const isRefusal = (error: unknown) =>
      error instanceof Failure && error.code === "store_unavailable" && (error.details.retryAfterMs ?? 0) > 0;
    await assert.rejects(store.addOutcomes([outcome()]), isRefusal);
    await assert.rejects(store.expose(record()), isRefusal);
    await assert.rejects(store.recent({ limit: 1 }), isRefusal);
  });
}
