import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMemoryStore } from "../../src/stores/memory-store.ts";
import { keyless, outcome, pseudonym, record, storeConfig } from "./record-fixture.ts";

const open = (queueRows: number) =>
  createMemoryStore({ instance: "here", boot: "boot", config: { ...storeConfig, queueRows }, now: Date.now });

describe("the store in memory", () => {
  test("keeps the newest, and changes the generation when the oldest go, a tenth at once", () => {
    const { store, source } = open(20);
    const generations = new Set<number>();
    for (let latencyMs = 0; latencyMs < 30; latencyMs++) {
      store.append(record({ latencyMs }));
      generations.add(source.generation());
    }
    const latencies: number[] = [];
    source.eachFact("tone", 0, (fact) => latencies.push(fact.latencyMs));
    assert.deepEqual(
      latencies,
      Array.from({ length: latencies.length }, (_, at) => 30 - latencies.length + at),
    );
    assert.ok(latencies.length >= 18 && latencies.length <= 20);
    assert.equal(generations.size, 5);
    assert.deepEqual(
      source.boots().map(({ lastSequence, rows }) => [lastSequence, rows]),
      [[30, 30]],
    );
  });

  test("is bounded in outcomes as well, and an outcome that is gone may come again", async () => {
    const { store, source } = open(10);
    const first = outcome({ subject: { kind: "request", requestId: record().requestId } });
    await store.addOutcomes([first]);
    for (let count = 0; count < 30; count++) await store.addOutcomes([outcome()]);
    let kept = 0;
    source.eachOutcome(0, () => kept++);
    assert.ok(kept >= 9 && kept <= 10);
    assert.deepEqual(source.orphans(), new Map());
    assert.equal((await store.addOutcomes([first]))[0]?.status, "stored");
  });

  test("keeps the numbers of units that stay when others go", async () => {
    const { store, source } = open(10);
    const unitOf = () => {
      const units: number[] = [];
      source.eachFact("tone", 0, (fact) => units.push(fact.unit));
      return units.at(-1);
    };
    for (let count = 0; count < 5; count++) store.append(record({ unitHash: pseudonym(`gone ${count}`) }));
    store.append(record({ unitHash: pseudonym("stays") }));
    const before = unitOf();
    for (let count = 0; count < 8; count++) store.append(record({ unitHash: pseudonym("stays") }));
    assert.equal(unitOf(), before);
  });

  test("ties and forgets early outcomes by their number, not by its square", async () => {
    const most = 60_000;
    const { store, source } = open(most);
    const one = record();
    const subject = { kind: "request", requestId: one.requestId } as const;
    // Of one request, then of one each; each addition once moved all that waited, and each tie all that was kept.
    const early = Array.from({ length: most }, () => outcome({ subject }));
    await store.addOutcomes(early);
    await store.addOutcomes(
      early.map((each) =>
        outcome({ ...each, outcomeId: `${each.outcomeId}-2`, idempotencyHash: `${each.outcomeId}-2` }),
      ),
    );
    store.append(one);
    let rows = 0;
    let last = 0;
    source.eachOutcome(0, ({ row, requestRow }) => {
      assert.ok(row > last && requestRow !== undefined);
      last = row;
      rows++;
    });
    assert.ok(rows >= most * 0.9 && rows <= most);
    assert.deepEqual(source.orphans(), new Map());
  });

  test("forgets what was the newest of its metric and subject, and nothing that is newer", async () => {
    const { store } = open(10);
    const thumb = keyless({ subject: { kind: "unit", unitHash: pseudonym("eve") } });
    await store.addOutcomes([thumb]);
    for (let count = 0; count < 30; count++) await store.addOutcomes([outcome()]);
    const receipts = await store.addOutcomes([thumb, thumb]);
    assert.deepEqual(
      receipts.map(({ status }) => status),
      ["stored", "duplicate"],
    );
  });
});
