import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type LoadedRevision, Revisions } from "../../src/control/revisions.ts";
import { compileRevision } from "../../src/core/revision.ts";
import type { ExperimentConfig, Revision } from "../../src/domain/config.ts";
import { configOf } from "../config/config-fixture.ts";
import { experimentWith, variantsOf } from "../core/experiment-fixture.ts";
import { anySource, createTestLog, createTestStore, type TestStore } from "./control-fixture.ts";

/** A revision named by the first letter of its digest. */
function revision(letter: string, change: Partial<ExperimentConfig> = {}): Revision {
  const config = configOf("upstreams:\n  main: {}\n");
  const experiments = { tone: experimentWith(change) };
  return compileRevision({ ...config, experiments }, letter.repeat(64), 0);
}
const id = (letter: string) => letter.repeat(12);
const loaded = (one: Revision): LoadedRevision => ({
  revision: one,
  source: anySource,
  files: ["assay.yaml"],
});
const weights = (control: number, candidate: number): Partial<ExperimentConfig> => ({
  variants: variantsOf({ control, candidate }),
});

/** Revisions over a disk of which the test says what is on it. */
async function opened(first: LoadedRevision, store: TestStore = createTestStore()) {
  const log = createTestLog();
  const results: string[] = [];
  const applied: string[] = [];
  const disk = { now: first, failure: undefined as Error | undefined };
  const revisions = await Revisions.open({
    load: () => disk.now,
    prepare: async (one) => {
      if (disk.failure !== undefined) throw disk.failure;
      return () => {
        applied.push(one.id);
      };
    },
    store,
    log,
    now: () => 7,
    onReload: (result) => results.push(result),
  });
  const put = (next: LoadedRevision) => {
    disk.now = next;
    return revisions.reload({ by: "ada", reason: "because" });
  };
  return { revisions, put, disk, store, log, results, applied };
}

describe("the first revision", () => {
  test("is in force with what it was read from", async () => {
    const { revisions, applied } = await opened(loaded(revision("a")));
    assert.equal(revisions.current.id, id("a"));
    assert.deepEqual(revisions.files, ["assay.yaml"]);
    assert.deepEqual(revisions.problems, []);
    assert.deepEqual(applied, [id("a")]);
  });

  test("is refused with all its problems", async () => {
    const problems = ["a.yaml:1:1 no", "a.yaml:2:1 no"];
    await assert.rejects(opened({ problems, files: [] }), {
      code: "config_invalid",
      message: problems.join("\n"),
    });
  });

  test("writes the positions that it exposes into the ledger before anybody is served", async () => {
    const { store } = await opened(loaded(revision("a")));
    const [event] = store.read();
    assert.equal(event?.kind, "exposed");
    assert.deepEqual(
      event?.kind === "exposed" && event.entries.map(({ variantId }) => variantId).toSorted(),
      ["candidate", "control"],
    );
  });

  test("does not start where the ledger cannot be written", async () => {
    const store = createTestStore();
    store.failWith(new Error("ENOSPC"));
    await assert.rejects(opened(loaded(revision("a")), store), { message: "ENOSPC" });
  });

  test("is refused when it would move units that met a variant before the restart", async () => {
    const { store } = await opened(loaded(revision("a", weights(50, 50))));
    await assert.rejects(opened(loaded(revision("b", weights(20, 80))), store), {
      code: "assignment_conflict",
      message: /"control", which they may have met, to "candidate"/,
    });
    assert.equal((await opened(loaded(revision("a", weights(50, 50))), store)).revisions.current.id, id("a"));
  });
});

describe("a reload", () => {
  test("puts a good revision in force, and keeps who and why", async () => {
    const { put, revisions, store, results } = await opened(loaded(revision("a")));
    assert.deepEqual(await put(loaded(revision("b", { description: "new" }))), {
      result: "applied",
      revision: id("b"),
      problems: [],
    });
    assert.equal(revisions.current.id, id("b"));
    assert.deepEqual(store.read().at(-1), {
      kind: "revision",
      at: 7,
      by: "ada",
      reason: "because",
      revision: id("b"),
      before: id("a"),
      entries: [],
      prompts: {},
    });
    assert.deepEqual(results, ["applied"]);
  });

  test("of the same revision changes nothing and keeps nothing", async () => {
    const { put, store, results, applied } = await opened(loaded(revision("a")));
    const before = store.read().length;
    assert.equal((await put(loaded(revision("a")))).result, "unchanged");
    assert.equal(store.read().length, before);
    assert.deepEqual([results, applied], [["unchanged"], [id("a")]]);
  });

  test("of a bad one leaves the last good one, and says so", async () => {
    const { put, revisions, store, log, results, applied } = await opened(loaded(revision("a")));
    const problems = ["assay.yaml:3:1 no"];
    const result = await put({ problems, files: ["assay.yaml", "new.json"] });
    assert.deepEqual(result, { result: "refused", revision: id("a"), problems });
    assert.equal(revisions.current.id, id("a"));
    assert.deepEqual(revisions.problems, problems);
    assert.deepEqual(revisions.files, ["assay.yaml", "new.json"]);
    assert.deepEqual(store.read().at(-1), {
      kind: "revision_refused",
      at: 7,
      by: "ada",
      reason: "assay.yaml:3:1 no",
    });
    assert.deepEqual(log.lines, ["error: configuration refused; the last good one stays"]);
    assert.deepEqual([results, applied], [["refused"], [id("a")]]);
  });

  test("of the same bad one is kept once in the audit trail, and heals", async () => {
    const { put, revisions, store } = await opened(loaded(revision("a")));
    await put({ problems: ["no"], files: [] });
    const before = store.read().length;
    await put({ problems: ["no"], files: [] });
    assert.equal(store.read().length, before);
    await put(loaded(revision("a")));
    assert.deepEqual(revisions.problems, []);
    await put({ problems: ["no"], files: [] });
    assert.equal(store.read().length, before + 1);
  });

  test("follows the one before it, so that the last state of the disk wins", async () => {
    const { put, store, revisions, applied } = await opened(loaded(revision("a")));
    const { go } = store.hold();
    const all = ["b", "c", "d"].map((letter) => put(loaded(revision(letter, { description: letter }))));
    go();
    const results = await Promise.all(all);
    assert.equal(revisions.current.id, id("d"));
    // Each reads the disk when its turn has come: the first finds the last state already.
    assert.deepEqual(
      results.map(({ result }) => result),
      ["applied", "unchanged", "unchanged"],
    );
    assert.deepEqual(applied, [id("a"), id("d")]);
  });

  test("that cannot be made ready leaves the last good one, says why, and can be tried again", async () => {
    const { put, disk, revisions, log } = await opened(loaded(revision("a")));
    disk.failure = new Error("no such host");
    const result = await put(loaded(revision("b", { description: "new" })));
    assert.equal(result.result, "refused");
    assert.match(result.problems.join(), /could not be put in force: no such host/);
    assert.equal(revisions.current.id, id("a"));
    assert.equal(log.lines.length, 1);
    disk.failure = undefined;
    assert.equal((await put(disk.now)).result, "applied");
    assert.equal(revisions.current.id, id("b"));
  });

  test("that cannot be kept is not in force, and the failing disk stops nothing", async () => {
    const { put, disk, store, revisions, log, applied } = await opened(loaded(revision("a")));
    store.failWith(new Error("ENOSPC"));
    assert.equal((await put(loaded(revision("b", { description: "new" })))).result, "refused");
    assert.equal(revisions.current.id, id("a"));
    assert.deepEqual(applied, [id("a")], "what was prepared is not put in force either");
    assert.deepEqual(log.lines.slice(1), ["error: refusal not kept"]);
    store.failWith(undefined);
    assert.equal((await put(disk.now)).result, "applied");
  });
});

describe("a reload that changes who gets what", () => {
  test("may grow the coverage: nobody changes variant", async () => {
    const { put, store } = await opened(loaded(revision("a", { coverage: 0.1 })));
    assert.equal((await put(loaded(revision("b", { coverage: 0.5 })))).result, "applied");
    const entries = store.read().flatMap((event) => ("entries" in event ? event.entries : []));
    assert.equal(entries.length, 4);
  });

  test("is refused when units would change variant, and names the share and the cure", async () => {
    const { put, revisions } = await opened(loaded(revision("a", weights(50, 50))));
    const { result, problems } = await put(loaded(revision("b", weights(20, 80))));
    assert.equal(result, "refused");
    assert.match(problems.join(), /30 ?% of its units.*rerandomise: true together with a new salt/);
    assert.equal(revisions.current.id, id("a"));
  });

  test("is refused for rerandomise without a new salt, and for a new salt without rerandomise", async () => {
    const { put } = await opened(loaded(revision("a", weights(50, 50))));
    const half = await put(loaded(revision("b", { ...weights(20, 80), rerandomise: true })));
    assert.match(half.problems.join(), /give the experiment a new salt/);
    const other = await put(loaded(revision("c", { ...weights(20, 80), salt: "tone-2" })));
    assert.match(other.problems.join(), /set rerandomise: true/);
    const both = await put(loaded(revision("d", { ...weights(20, 80), salt: "tone-2", rerandomise: true })));
    assert.equal(both.result, "applied");
  });

  test("remembers units that met a variant long ago: a shrunken share does not give them away", async () => {
    const { put } = await opened(loaded(revision("a", weights(50, 50))));
    assert.equal((await put(loaded(revision("b", { ...weights(50, 50), coverage: 0.2 })))).result, "applied");
    const shifted = await put(loaded(revision("c", weights(20, 80))));
    assert.equal(shifted.result, "refused");
  });
});

test("a changed setting of the process waits for a restart, unless the command line wins over it", async () => {
  const first = revision("a");
  const server = { ...first.config.server, workers: 3, port: 9 };
  const next = { ...revision("b"), config: { ...first.config, server } };
  const disk = { now: loaded(first) };
  const log = createTestLog();
  const revisions = await Revisions.open({
    load: () => disk.now,
    prepare: async () => () => {},
    store: createTestStore(),
    log,
    now: () => 7,
    onReload: () => {},
    overruled: ["server.workers"],
  });
  disk.now = loaded(next);
  await revisions.reload({ by: "ada", reason: "because" });
  assert.ok(log.lines.includes("warn: server.port has changed, and takes effect after a restart"));
  assert.ok(log.lines.includes("warn: server.workers has changed, and the command line wins over it"));
});
