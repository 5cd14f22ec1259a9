import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keptRamps } from "../../src/core/ramp/journal.ts";
import { replayEvents } from "../../src/core/ramp/replay-events.ts";
import { rampShares } from "../../src/core/ramp/shares.ts";
import { sharesOf } from "../../src/core/shares.ts";
import type { ControlEvent } from "../../src/domain/control.ts";
import { readingsWith, sloReading } from "../core/ramp/ramp-fixture.ts";
import { type Harness, opened, quick } from "./ramps-fixture.ts";

const harm = () => readingsWith({ slos: [sloReading({ verdict: "harm" })] });
const suspect = () => readingsWith({ slos: [sloReading({ verdict: "suspect" })] });

function statusOf({ ramps }: Harness): string {
  const { status, step } = ramps.get("tone").state;
  return `${status} ${step + 1}`;
}

/** Share of the treatment in the revision in force, and who serves those outside. */
function served({ revisions }: Harness): string {
  const experiment = revisions.current.config.experiments.tone;
  assert.ok(experiment);
  const { coverage, weights } = sharesOf(experiment);
  const total = (weights.control ?? 0) + (weights.candidate ?? 0);
  return `${Math.round((100 * coverage * (weights.candidate ?? 0)) / total)} % ${experiment.incumbentId}`;
}

describe("a ramp", () => {
  test("is raised step by step to its completion, and what is in force is what the journal says", async () => {
    const one = await opened();
    assert.equal(served(one), "0 % control");
    await one.order("start");
    assert.equal(statusOf(one), "scheduled 1");
    await one.look();
    assert.equal(served(one), "10 % control");
    await one.look(5);
    assert.equal(statusOf(one), "observing 2");
    assert.equal(served(one), "50 % control");
    await one.look(5);
    assert.equal(statusOf(one), "completed 2");
    assert.equal(served(one), "50 % candidate");
    assert.equal(replayEvents(one.store.read(), "tone").kind, "agrees");
  });

  test("keeps a decision before it raises, and raises nothing where the disk refuses", async () => {
    const one = await opened();
    await one.order("start");
    await one.look();
    await one.look(3);
    one.store.failWith(new Error("ENOSPC"));
    await assert.rejects(one.look(2), { message: "ENOSPC" });
    assert.equal(statusOf(one), "observing 1");
    assert.equal(served(one), "10 % control");
    one.store.failWith(undefined);
    await one.look();
    assert.equal(served(one), "50 % control");
  });

  test("takes a treatment back although the disk refuses, and keeps it once the disk is well", async () => {
    const one = await opened();
    await one.order("start");
    await one.look(2);
    one.store.failWith(new Error("ENOSPC"));
    one.answer = harm;
    await assert.rejects(one.look(), { message: "ENOSPC" });
    assert.deepEqual(one.switches.names, ["tone/candidate"]);
    one.store.failWith(undefined);
    one.answer = () => readingsWith({ isKilled: true });
    await one.look();
    assert.equal(statusOf(one), "rolled_back 1");
    assert.equal(served(one), "0 % control");
  });

  test("goes by what it was started with, whatever the file says later", async () => {
    const one = await opened();
    await one.order("start");
    await one.look();
    const steps = quick.steps.map((step) => ({ ...step, share: step.share / 2 }));
    one.file = { plan: { ...quick, steps }, model: "m" };
    await one.revisions.reload({ by: "ada", reason: "another plan" });
    await one.look();
    assert.equal(served(one), "10 % control");
    await one.order("abort");
    await one.order("start");
    await one.look();
    assert.equal(served(one), "5 % control");
  });

  test("is forgotten, and serves nobody its treatment, once its control is another one", async () => {
    const one = await opened();
    await one.order("start");
    await one.look();
    const plan = { ...quick, controlId: "candidate", variantId: "control" };
    one.file = { plan, model: "m", controlId: "candidate" };
    assert.equal((await one.revisions.reload({ by: "ada", reason: "swapped" })).result, "applied");
    assert.equal(statusOf(one), "draft 1");
    const { tone } = one.revisions.current.config.experiments;
    assert.deepEqual([tone?.coverage, tone?.incumbentId], [0, "candidate"]);
  });

  test("holds while the variant is not what was started", async () => {
    const one = await opened();
    await one.order("start");
    await one.look();
    one.file = { plan: quick, model: "n" };
    await one.revisions.reload({ by: "ada", reason: "another model" });
    await one.look();
    assert.equal(statusOf(one), "holding 1");
    assert.match(one.ramps.get("tone").state.reason ?? "", /not what was started/);
  });

  test("holds while its shares cannot be put in force, and rolls back all the same", async () => {
    const one = await opened();
    await one.order("start");
    await one.look(4);
    one.file = undefined;
    await one.look();
    assert.equal(statusOf(one), "warming 2");
    assert.equal(served(one), "10 % control");
    assert.match(one.ramps.problem("tone") ?? "", /assay.yaml:1:1 no/);
    await one.look();
    assert.equal(statusOf(one), "holding 2");
    one.answer = harm;
    await one.look();
    assert.equal(statusOf(one), "rolling_back 2");
    assert.deepEqual(one.switches.names, ["tone/candidate"]);
    one.file = { plan: quick, model: "m" };
    await one.look();
    assert.equal(statusOf(one), "rolled_back 2");
  });

  test("is not raised by a look that was begun before an order", async () => {
    const one = await opened();
    await one.order("start");
    await one.look(4);
    const { promise, resolve } = Promise.withResolvers<void>();
    one.answer = async () => {
      await promise;
      return readingsWith();
    };
    const look = one.look();
    await one.order("pause");
    resolve();
    await look;
    assert.equal(statusOf(one), "paused 1");
    assert.equal(served(one), "10 % control");
  });

  test("counts nothing and rolls nothing back while the statistics are silent", async () => {
    const one = await opened();
    await one.order("start");
    await one.look();
    one.answer = () => Promise.reject(new Error("no answer"));
    await one.look(20);
    assert.equal(statusOf(one), "warming 1");
    assert.equal(one.ramps.get("tone").state.observedMs, 0);
  });

  test("of a variant that was rolled back starts again only by an override, which lifts the ramp's own kill", async () => {
    const one = await opened();
    await one.order("start");
    await one.look();
    await one.order("rollback");
    assert.deepEqual(one.switches.names, ["tone/candidate"]);
    await assert.rejects(one.order("start"), { code: "conflict", message: /locked until/ });
    await one.order("start", true);
    assert.deepEqual(one.switches.names, []);
  });

  test("says once for whom it waits, though data are missing now and then", async () => {
    const asking = quick.steps.map((step) => ({ ...step, asksApproval: true }));
    const one = await opened([], { ...quick, steps: asking });
    const waits = () =>
      one.decided.filter(({ rule, to, from }) => rule === "safe_enough" && to.step === from.step);
    await one.order("start");
    await one.look(8);
    for (let nights = 0; nights < 5; nights++) {
      one.answer = () => readingsWith({ isFresh: false });
      await one.look();
      one.answer = () => readingsWith();
      await one.look();
    }
    const told = waits().filter(({ from }) => from.status !== "scheduled");
    assert.deepEqual(
      told.map(({ to }) => to.reason),
      ["waits for approval"],
    );
    await one.order("approve");
    await one.look(8);
    assert.equal(statusOf(one), "observing 2");
    assert.equal(waits().filter(({ from }) => from.step === 1).length, 1);
  });

  test("shows nothing that was read of the generation before", async () => {
    const one = await opened();
    await one.order("start");
    await one.look(2);
    assert.ok(one.ramps.lastRead("tone")?.readings);
    await one.order("abort");
    await one.order("start");
    assert.equal(one.ramps.lastRead("tone")?.readings, undefined);
  });

  test("leaves a kill that an operator has set, and is not rolled back by it", async () => {
    const one = await opened();
    one.answer = () => readingsWith({ isKilled: true });
    await one.switches.kill({
      scope: { kind: "variant", experimentId: "tone", variantId: "candidate" },
      // A name says nothing: what the ramp has set is marked as such.
      by: "ramp",
      reason: "mine",
    });
    await one.order("start");
    await one.look();
    assert.equal(statusOf(one), "scheduled 1");
    assert.deepEqual(one.switches.names, ["tone/candidate"]);
  });

  test("refuses a start that would show units another variant than before", async () => {
    const entries = [
      {
        experimentId: "tone",
        line: "assay_v1 unit=user salt=tone-1",
        variantId: "control",
        start: 0,
        end: 2 ** 31,
      },
    ];
    const met: ControlEvent = { kind: "exposed", at: 0, entries, prompts: {} };
    const one = await opened([met]);
    await assert.rejects(one.order("start"), { code: "assignment_conflict" });
  });
});

describe("a restart", () => {
  /** Everything that a ramp may go through, in one journal: hold, pause, completion, rollback, a second generation. */
  async function journal(): Promise<readonly ControlEvent[]> {
    const one = await opened();
    await one.order("start");
    await one.look(2);
    one.answer = suspect;
    await one.look();
    one.answer = () => readingsWith();
    await one.order("pause");
    await one.order("resume");
    await one.look(7);
    await one.order("promote");
    await one.order("rollback");
    await one.order("start", true);
    await one.look(2);
    one.answer = harm;
    await one.look();
    assert.equal(statusOf(one), "rolled_back 1");
    return one.store.read();
  }

  test("after any event of the journal serves what was decided last, and can be rolled back", async () => {
    const events = await journal();
    assert.ok(events.length > 20);
    for (let cut = 0; cut <= events.length; cut++) {
      const one = await opened(events.slice(0, cut));
      const kept = keptRamps(one.store.read()).get("tone");
      if (kept === undefined) assert.equal(served(one), "0 % control");
      // What was half done is finished by one look.
      await one.look();
      const { state, plan } = one.ramps.get("tone");
      const { shares, incumbentId } = rampShares(state, plan);
      const experiment = one.revisions.current.config.experiments.tone;
      assert.ok(experiment);
      assert.deepEqual([sharesOf(experiment), experiment.incumbentId], [shares, incumbentId], `cut ${cut}`);
      assert.ok(!["rolling_back", "completing"].includes(state.status), `cut ${cut}: ${state.status}`);
      if (kept !== undefined)
        assert.equal(replayEvents(one.store.read(), "tone").kind, "agrees", `cut ${cut}`);
      if (["warming", "observing", "holding", "paused"].includes(state.status)) {
        await one.order("rollback");
        assert.equal(served(one), "0 % control");
      }
    }
  });

  test("costs a step little of its time, and so never keeps it from being given up", async () => {
    const few = () => readingsWith({ units: { treatment: 0, control: 0 } });
    let one = await opened();
    await one.order("start");
    one.answer = few;
    await one.look();
    for (let restarts = 0; restarts < 8; restarts++) {
      await one.look(15);
      one = await opened(one.store.read());
      one.answer = few;
    }
    assert.equal(statusOf(one), "paused 1");
    assert.match(one.ramps.get("tone").state.reason ?? "", /inconclusive/);
  });

  test("between a rollback's kill and its decision finishes the rollback", async () => {
    const events = await journal();
    const kills = events.flatMap(({ kind }, at) => (kind === "killed" ? [at] : []));
    // Of one that was complete, and of one that ran.
    assert.equal(kills.length, 2);
    for (const at of kills) {
      const one = await opened(events.slice(0, at + 1));
      assert.deepEqual(one.ramps.running, ["tone"]);
      one.answer = () => readingsWith({ isKilled: true });
      await one.look();
      assert.match(statusOf(one), /rolled_back/);
      assert.deepEqual(one.ramps.running, []);
    }
  });
});
