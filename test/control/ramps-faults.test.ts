/** Ramps between orders, looks, kills and disks that come in each other's way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { replayEvents } from "../../src/core/ramp/replay-events.ts";
import { sharesOf } from "../../src/core/shares.ts";
import type { ControlEvent, KillScope } from "../../src/domain/control.ts";
import { lookMs, readingsWith, sloReading } from "../core/ramp/ramp-fixture.ts";
import { type Harness, opened, quick } from "./ramps-fixture.ts";

const harm = () => readingsWith({ slos: [sloReading({ verdict: "harm" })] });
const scope: KillScope = { kind: "variant", experimentId: "tone", variantId: "candidate" };
const gate = {
  url: "http://127.0.0.1:9090",
  query: "up",
  compare: "above",
  threshold: 0,
  timeoutMs: 5000,
} as const;

async function begun(plan = quick): Promise<Harness> {
  const one = await opened([], plan);
  await one.order("start");
  await one.look(2);
  return one;
}

function coverage({ revisions }: Harness): number {
  const { tone } = revisions.current.config.experiments;
  assert.ok(tone);
  return sharesOf(tone).coverage;
}

/** From now on the disk takes nothing of this kind. */
function refuse({ store }: Harness, kind: ControlEvent["kind"]): { heal(): void } {
  const append = store.append.bind(store);
  store.append = (event) => (event.kind === kind ? Promise.reject(new Error("ENOSPC")) : append(event));
  return {
    heal() {
      store.append = append;
    },
  };
}

describe("the kill of a rollback", () => {
  test("outlives a restart, though the disk was full when it was set", async () => {
    const one = await begun();
    one.store.failWith(new Error("ENOSPC"));
    one.answer = harm;
    for (let at = 0; at < 3; at++) await assert.rejects(one.look(), { message: "ENOSPC" });
    one.store.failWith(undefined);
    await one.look();
    assert.equal(one.ramps.get("tone").state.status, "rolled_back");
    const two = await opened(one.store.read());
    assert.deepEqual(two.switches.names, ["tone/candidate"]);
    assert.equal(one.store.read().filter(({ kind }) => kind === "killed").length, 1);
  });

  test("is kept before the rollback is over, though only the kill was refused", async () => {
    const one = await begun();
    const disk = refuse(one, "killed");
    await one.order("rollback");
    assert.equal(one.ramps.get("tone").state.status, "rolling_back");
    assert.equal(coverage(one), 0);
    disk.heal();
    await one.look();
    assert.equal(one.ramps.get("tone").state.status, "rolled_back");
    assert.deepEqual((await opened(one.store.read())).switches.names, ["tone/candidate"]);
  });

  test("does not take the place of an operator's, which the next start leaves", async () => {
    const one = await begun();
    await one.switches.kill({ scope, by: "ada", reason: "mine" });
    await one.order("rollback");
    assert.equal(one.ramps.get("tone").state.status, "rolled_back");
    await one.order("start", true);
    assert.deepEqual(
      one.switches.switches.map(({ by }) => by),
      ["ada"],
    );
  });

  test("stays where the start could not be kept, and goes where only its lifting could not", async () => {
    const one = await begun();
    await one.order("rollback");
    const ramps = refuse(one, "ramp");
    await assert.rejects(one.order("start", true), { message: "ENOSPC" });
    assert.deepEqual(one.switches.names, ["tone/candidate"]);
    ramps.heal();
    const revivals = refuse(one, "revived");
    await assert.rejects(one.order("start", true), { message: "ENOSPC" });
    revivals.heal();
    await one.look();
    assert.deepEqual(one.switches.names, []);
    assert.equal(one.ramps.get("tone").state.status, "warming");
  });
});

describe("a look", () => {
  test("does not take a rollback out of its operator's hands", async () => {
    const one = await begun();
    const disk = one.store.hold();
    const order = one.order("rollback");
    const look = one.look();
    disk.go();
    await Promise.all([order, look]);
    const { status, by } = one.ramps.get("tone").state;
    assert.deepEqual([status, by], ["rolled_back", "ada"]);
  });

  test("takes harm back while the journal hangs, and the rest follows once it answers", async () => {
    const one = await begun();
    const disk = one.store.hold();
    const raise = one.order("pause");
    one.answer = harm;
    await one.look();
    assert.deepEqual(one.switches.names, ["tone/candidate"]);
    await one.look();
    disk.go();
    await raise;
    await one.look(2);
    assert.equal(one.ramps.get("tone").state.status, "rolled_back");
    assert.equal(coverage(one), 0);
  });

  test("that cannot keep what it has decided lets the next one look", async () => {
    const one = await begun();
    one.answer = harm;
    const disk = one.store.hold();
    await one.look(2);
    assert.deepEqual(one.switches.names, ["tone/candidate"]);
    disk.go();
    await one.look(2);
    assert.equal(one.ramps.get("tone").state.status, "rolled_back");
  });

  test("raises nothing once somebody has killed it meanwhile", async () => {
    const one = await begun();
    one.answer = async () => {
      await one.switches.kill({ scope: { kind: "all" }, by: "ada", reason: "mine" });
      return readingsWith();
    };
    await one.look(5);
    assert.equal(one.ramps.get("tone").state.step, 0);
    assert.equal(one.ramps.lastRead("tone")?.readings?.isKilled, true);
  });

  test("rolls back without the gate's answer, and raises by it", async () => {
    const one = await opened([], { ...quick, gate });
    await one.order("start");
    await one.look(2);
    assert.equal(one.ramps.get("tone").state.status, "scheduled");
    one.gate = async () => "passes";
    await one.look(6);
    assert.equal(one.ramps.get("tone").state.step, 1);
    one.gate = () => new Promise(() => {});
    one.answer = harm;
    await one.look();
    assert.equal(one.ramps.get("tone").state.status, "rolled_back");
    assert.equal(replayEvents(one.store.read(), "tone").kind, "agrees");
  });

  test("holds after the clock was put back, for then new records seem to be old ones", async () => {
    const one = await begun();
    one.clock -= 100 * lookMs;
    await one.look();
    const { status, reason } = one.ramps.get("tone").state;
    assert.deepEqual([status, reason], ["holding", "the clock was put back to before the step began"]);
  });

  test("is taken back while the file lets it neither complete nor go", async () => {
    const one = await begun();
    const { file } = one;
    one.file = undefined;
    await one.order("promote");
    assert.equal(one.ramps.get("tone").state.status, "completing");
    assert.equal(coverage(one), 0.2);
    one.answer = harm;
    await one.look();
    assert.deepEqual(one.switches.names, ["tone/candidate"]);
    one.file = file;
    await one.look();
    assert.equal(one.ramps.get("tone").state.status, "rolled_back");
    assert.equal(coverage(one), 0);
    assert.equal(replayEvents(one.store.read(), "tone").kind, "agrees");
  });

  test("does not complete a treatment whose plan was taken out of the file meanwhile", async () => {
    const one = await begun();
    one.file = undefined;
    await one.order("promote");
    for (const plan of [undefined, quick]) {
      one.file = { plan, model: "m" };
      await one.revisions.reload({ by: "ada", reason: "another file" });
      await one.look();
    }
    assert.equal(one.ramps.get("tone").state.status, "aborted");
    assert.equal(coverage(one), 0);
  });

  test("takes an aborted treatment out of service where the disk refused to", async () => {
    const one = await begun();
    const disk = refuse(one, "revision");
    await one.order("abort");
    assert.equal(coverage(one), 0.2);
    disk.heal();
    assert.deepEqual(one.ramps.running, ["tone"]);
    await one.look();
    assert.equal(coverage(one), 0);
    assert.deepEqual(one.ramps.running, []);
  });
});

describe("a plan that is taken out of the file in mid-ramp", () => {
  test("aborts its ramp, so that put back it serves nobody before it is started", async () => {
    const one = await begun();
    one.file = { plan: undefined, model: "m" };
    await one.revisions.reload({ by: "ada", reason: "out" });
    assert.deepEqual(one.ramps.running, ["tone"]);
    await one.look();
    assert.deepEqual(one.ramps.running, []);
    one.file = { plan: quick, model: "m" };
    await one.revisions.reload({ by: "ada", reason: "in again" });
    assert.equal(one.ramps.get("tone").state.status, "aborted");
    assert.equal(coverage(one), 0);
    await one.order("start");
    await one.look();
    assert.equal(coverage(one), 0.2);
    assert.equal(replayEvents(one.store.read(), "tone").kind, "agrees");
  });
});
