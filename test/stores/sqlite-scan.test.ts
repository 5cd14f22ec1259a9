import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { scanOutcomes, scanRecords } from "../../src/stores/sqlite/scan.ts";
import { asKept, keyless, outcome, pseudonym, record } from "./record-fixture.ts";
import { place } from "./sqlite-fixture.ts";

describe("a scan of records", () => {
  test("gives each once, by time, over many pages and many of one time", async (t) => {
    const { open, path } = place(t);
    const store = open();
    const base = Date.now() - 10_000;
    const times = Array.from({ length: 1300 }, (_, at) => base + (at % 2 === 0 ? 5 : at % 7));
    for (const receivedAt of times) store.append(record({ receivedAt }));
    await store.flush();
    const seen = [...scanRecords(path)];
    assert.deepEqual(
      seen.map(({ receivedAt }) => receivedAt),
      times.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(seen.map(({ requestId }) => requestId)).size, 1300);
  });

  test("keeps to its experiment and its stretch of time: the first instant in it, the last not", async (t) => {
    const { open, path } = place(t);
    const store = open();
    const base = Date.now() - 10_000;
    const wanted = record({ receivedAt: base + 1, experimentId: "length" });
    store.append(record({ receivedAt: base + 1 }));
    store.append(wanted);
    for (const at of [0, 2, 3]) store.append(record({ receivedAt: base + at, experimentId: "length" }));
    await store.flush();
    const span = { experimentId: "length", from: base + 1, until: base + 2 };
    assert.deepEqual([...scanRecords(path, span)].map(asKept), [asKept(wanted)]);
    assert.equal([...scanRecords(path, { from: base + 2 })].length, 2);
    assert.deepEqual([...scanRecords(path, { experimentId: "unheard of" })], []);
  });

  test("goes on while the store writes, and may be left early", async (t) => {
    const { open, path } = place(t);
    const store = open();
    for (let count = 0; count < 600; count++) store.append(record());
    await store.flush();
    let seen = 0;
    for (const _ of scanRecords(path)) {
      seen++;
      if (seen === 100) {
        store.append(record());
        await store.flush();
      }
      if (seen === 550) break;
    }
    assert.equal(seen, 550);
  });

  test("finds nothing where there is no file", (t) => {
    const { path } = place(t);
    assert.deepEqual([...scanRecords(path), ...scanOutcomes(path)], []);
  });
});

describe("a scan of outcomes", () => {
  test("gives back what was sent, of requests, sessions and units", async (t) => {
    const { open, path } = place(t);
    const store = open();
    const sent = [
      outcome({ subject: { kind: "request", requestId: record().requestId }, comment: "thanks" }),
      outcome({
        subject: { kind: "session", sessionHash: pseudonym("s") },
        value: undefined,
        category: "good",
      }),
      outcome({ subject: { kind: "unit", unitHash: pseudonym("eve") }, value: undefined, label: "setosa" }),
      keyless({ value: 0.5 }),
    ];
    await store.addOutcomes(sent);
    assert.deepEqual([...scanOutcomes(path)], sent);
    const second = sent[1];
    const span = { from: second?.receivedAt, until: sent[2]?.receivedAt };
    assert.deepEqual([...scanOutcomes(path, span)], [second]);
  });

  test("pages through many", async (t) => {
    const { open, path } = place(t);
    const store = open();
    const sent = Array.from({ length: 2500 }, (_, value) => outcome({ value }));
    await store.addOutcomes(sent);
    assert.deepEqual(
      [...scanOutcomes(path)].map(({ value }) => value),
      sent.map(({ value }) => value),
    );
  });
});
