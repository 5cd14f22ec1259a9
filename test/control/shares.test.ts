import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Revisions } from "../../src/control/revisions.ts";
import { revisionOf } from "../../src/core/revision.ts";
import type { ExperimentConfig } from "../../src/domain/config.ts";
import type { ControlEvent } from "../../src/domain/control.ts";
import { configOf } from "../config/config-fixture.ts";
import { experimentWith, variantsOf } from "../core/experiment-fixture.ts";
import { anySource, createTestLog, createTestStore } from "./control-fixture.ts";

/** Revisions over a file whose experiment the test may rewrite. */
async function opened(events: readonly ControlEvent[] = []) {
  const store = createTestStore(events);
  const file = { experiment: experimentWith({ coverage: 0.2 }), letter: "a" };
  const revisions = await Revisions.open({
    load: (known) => {
      const config = configOf("upstreams:\n  main: {}\n");
      const digest = file.letter.repeat(64);
      const made = revisionOf(
        { config: { ...config, experiments: { tone: file.experiment } }, digest },
        known,
        0,
      );
      return { ...made, source: anySource, files: ["assay.yaml"] };
    },
    prepare: async () => () => {},
    store,
    log: createTestLog(),
    now: () => 7,
    onReload: () => {},
  });
  const allocate = (shares: { coverage: number; weights: Record<string, number> } | undefined) =>
    revisions.allocate({ experimentId: "tone", shares, by: "ada", reason: "why not" });
  const served = (): ExperimentConfig | undefined => revisions.current.config.experiments.tone;
  return { revisions, allocate, served, store, file };
}

const half = { control: 50, candidate: 50 };

describe("shares set by hand", () => {
  test("are in force at once, as a revision of their own", async () => {
    const { revisions, allocate, served } = await opened();
    const before = revisions.current.id;
    assert.equal((await allocate({ coverage: 0.6, weights: half })).result, "applied");
    assert.equal(served()?.coverage, 0.6);
    assert.notEqual(revisions.current.id, before);
  });

  test("stand after a restart", async () => {
    const first = await opened();
    await first.allocate({ coverage: 0.6, weights: half });
    const second = await opened(first.store.read());
    assert.equal(second.served()?.coverage, 0.6);
    assert.equal(second.revisions.current.id, first.revisions.current.id);
  });

  test("give way when the file's own shares change", async () => {
    const { revisions, allocate, served, file } = await opened();
    await allocate({ coverage: 0.6, weights: half });
    file.experiment = experimentWith({ coverage: 0.8 });
    file.letter = "b";
    assert.equal((await revisions.reload({ by: "ada", reason: "edit" })).result, "applied");
    assert.equal(served()?.coverage, 0.8);
  });

  test("stay when something else of the file changes", async () => {
    const { revisions, allocate, served, file } = await opened();
    await allocate({ coverage: 0.6, weights: half });
    file.experiment = experimentWith({ coverage: 0.2, description: "another text" });
    file.letter = "b";
    await revisions.reload({ by: "ada", reason: "edit" });
    assert.equal(served()?.coverage, 0.6);
    assert.equal(served()?.description, "another text");
  });

  test("are given back by undefined", async () => {
    const { allocate, served } = await opened();
    await allocate({ coverage: 0.6, weights: half });
    await allocate(undefined);
    assert.equal(served()?.coverage, 0.2);
  });

  test("are refused when a unit would change its variant, and nothing is kept", async () => {
    const { revisions, allocate, served, store } = await opened();
    await allocate({ coverage: 1, weights: half });
    const kept = store.read().length;
    const result = await allocate({ coverage: 1, weights: { control: 20, candidate: 80 } });
    assert.equal(result.result, "refused");
    assert.match(result.problems.join(), /would move 30 % of its units from variant "control"/);
    assert.equal(served()?.coverage, 1);
    assert.equal(store.read().length, kept);
    assert.deepEqual(revisions.problems, []);
  });

  test("are refused when they cannot be laid out", async () => {
    const { allocate } = await opened();
    const result = await allocate({ coverage: 1, weights: { control: 0, candidate: 0 } });
    assert.equal(result.result, "refused");
    assert.match(result.problems.join(), /sum to 0/);
  });
});

test("what the disk refuses is refused, and stays so", async () => {
  const { revisions, allocate, served, store } = await opened();
  store.failWith(new Error("ENOSPC"));
  const result = await allocate({ coverage: 0.6, weights: half });
  assert.equal(result.result, "refused");
  assert.match(result.problems.join(), /could not be put in force: ENOSPC/);
  store.failWith(undefined);
  await revisions.reload({ by: "ada", reason: "later" });
  assert.equal(served()?.coverage, 0.2);
});

test("an unknown variant's weight changes nobody", async () => {
  const { allocate, served } = await opened();
  await allocate({ coverage: 0.3, weights: { ...half, nobody: 5 } });
  assert.deepEqual(served()?.variants, variantsOf(half));
});
