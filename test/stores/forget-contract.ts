/** What every store keeps to when a unit is to be forgotten: run on each engine with the rest of the contract. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import type { EventStore, FactSource } from "../../src/domain/store.ts";
import { outcome, pseudonym, record, said } from "./record-fixture.ts";

interface Opened {
  readonly store: EventStore;
  readonly source: FactSource;
}

const [ada, eve] = [pseudonym("ada"), pseudonym("eve")];

/** Of every experiment that the tests name. */
function rowsOf(source: FactSource): { readonly facts: number; readonly outcomes: number } {
  let [facts, outcomes] = [0, 0];
  for (const id of ["tone", "length"]) source.eachFact(id, 0, () => facts++);
  source.eachOutcome(0, () => outcomes++);
  return { facts, outcomes };
}

export function forgetTests(open: (t: TestContext) => Opened): void {
  test("takes its records, facts and outcomes in all experiments, and nobody else's", async (t) => {
    const { store, source } = open(t);
    const [own, elsewhere] = [record(), record({ experimentId: "length" })];
    const hers = record({ unitHash: eve, sessionHash: pseudonym("session-2") });
    for (const one of [own, hers, elsewhere]) store.append(one);
    await store.addOutcomes([
      outcome(),
      outcome({ subject: { kind: "request", requestId: own.requestId } }),
      outcome({ subject: { kind: "session", sessionHash: pseudonym("session-1") } }),
      outcome({ subject: { kind: "unit", unitHash: eve } }),
      outcome({ subject: { kind: "request", requestId: hers.requestId } }),
    ]);
    assert.deepEqual(await store.forget(ada), {
      records: 2,
      facts: 2,
      outcomes: 3,
      contents: 0,
      sessions: 1,
    });
    assert.deepEqual(
      (await store.recent({ limit: 10 })).map(({ requestId }) => requestId),
      [hers.requestId],
    );
    assert.deepEqual(rowsOf(source), { facts: 1, outcomes: 2 });
  });

  test("takes what was appended just before, and what no experiment counts", async (t) => {
    const { store } = open(t);
    store.append(record({ experimentId: undefined, assignedVariantId: undefined }));
    store.append(record({ isExposed: false, reason: "not_exposed" }));
    const { records } = await store.forget(ada);
    assert.equal(records, 2);
    assert.deepEqual(await store.recent({ limit: 10 }), []);
  });

  test("takes what was said in its requests, with a record and without one", async (t) => {
    const { store } = open(t);
    const [own, hers] = [record(), record({ unitHash: eve, sessionHash: undefined })];
    const lost = record({ sessionHash: undefined });
    for (const one of [own, hers]) store.append(one);
    for (const one of [own, hers, lost]) store.keepContent(said(one));
    assert.equal((await store.forget(ada)).contents, 2);
    for (const { requestId } of [own, lost]) assert.equal(await store.content(requestId), undefined);
    assert.equal((await store.content(hers.requestId))?.requestId, hers.requestId);
  });

  test("changes the generation, so that what the statistics have read is read anew", async (t) => {
    const { store, source } = open(t);
    store.append(record());
    await store.flush();
    const before = source.generation();
    await store.forget(ada);
    const after = source.generation();
    assert.notEqual(after, before);
    // Nothing was there any more: nobody need read anything again.
    assert.deepEqual(await store.forget(ada), {
      records: 0,
      facts: 0,
      outcomes: 0,
      contents: 0,
      sessions: 0,
    });
    assert.equal(source.generation(), after);
  });

  test("leaves a session that another unit had too, and takes one that is a unit of its own", async (t) => {
    const { store, source } = open(t);
    const [shared, own] = [pseudonym("shared"), pseudonym("own")];
    store.append(record({ sessionHash: shared }));
    store.append(record({ unitHash: eve, sessionHash: shared }));
    store.append(record({ sessionHash: own }));
    store.append(record({ experimentId: "length", unitHash: own, sessionHash: own }));
    await store.addOutcomes([
      outcome({ subject: { kind: "session", sessionHash: shared } }),
      outcome({ subject: { kind: "session", sessionHash: own } }),
      outcome({ subject: { kind: "unit", unitHash: own } }),
    ]);
    assert.deepEqual(await store.forget(ada), {
      records: 3,
      facts: 3,
      outcomes: 2,
      contents: 0,
      sessions: 1,
    });
    assert.deepEqual(rowsOf(source), { facts: 1, outcomes: 1 });
  });

  test("of a session takes its requests, whoever made them", async (t) => {
    const { store, source } = open(t);
    const session = pseudonym("session-1");
    store.append(record());
    store.append(record({ unitHash: eve }));
    store.append(record({ unitHash: eve, sessionHash: undefined }));
    assert.deepEqual(await store.forget(session), {
      records: 2,
      facts: 2,
      outcomes: 0,
      contents: 0,
      sessions: 0,
    });
    assert.deepEqual(rowsOf(source), { facts: 1, outcomes: 0 });
  });

  test("takes exposures whose request has not ended, and the outcomes that came for them", async (t) => {
    const { store, source } = open(t);
    const [exposed, hers] = [record(), record({ unitHash: eve, sessionHash: undefined })];
    await store.expose(exposed);
    await store.expose(hers);
    await store.addOutcomes([outcome({ subject: { kind: "request", requestId: exposed.requestId } })]);
    assert.deepEqual(await store.forget(ada), {
      records: 1,
      facts: 0,
      outcomes: 1,
      contents: 0,
      sessions: 0,
    });
    assert.deepEqual([...source.orphans()], []);
    await store.close();
    assert.equal(rowsOf(source).facts, 1);
  });

  test("lets it come again, as a unit that nobody knows", async (t) => {
    const { store, source } = open(t);
    const gone = record();
    store.append(gone);
    await store.forget(ada);
    const late = outcome({ subject: { kind: "request", requestId: gone.requestId } });
    const receipts = await store.addOutcomes([late, outcome()]);
    assert.deepEqual(
      receipts.map(({ status }) => status),
      ["stored", "stored"],
    );
    assert.deepEqual([...source.orphans()], [["resolved", 1]]);
    store.append(record());
    await store.flush();
    assert.deepEqual(rowsOf(source), { facts: 1, outcomes: 1 });
    assert.equal((await store.forget(ada)).records, 1);
  });

  test("gives nobody the number of another, whoever is forgotten", async (t) => {
    const name = fc.constantFrom("ada", "bob", "cy", "dan");
    const step = fc.record({ unit: name, session: fc.constantFrom("s1", "s2", "s3"), forgets: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const { store, source } = open(t);
        const left = new Map<string, string>();
        for (const { unit, session, forgets } of steps) {
          const one = record({ unitHash: pseudonym(unit), sessionHash: pseudonym(`${unit} ${session}`) });
          store.append(one);
          left.set(one.requestId, unit);
          if (!forgets) continue;
          await store.forget(pseudonym(unit));
          for (const [id, of] of left) if (of === unit) left.delete(id);
        }
        const kept = await store.recent({ limit: 100 });
        assert.deepEqual(new Set(kept.map(({ requestId }) => requestId)), new Set(left.keys()));
        const units = new Set<number>();
        source.eachFact("tone", 0, (fact) => units.add(fact.unit));
        assert.equal(units.size, new Set(left.values()).size);
      }),
      { numRuns: 15 },
    );
  });
}
