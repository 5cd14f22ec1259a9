import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Hono } from "hono";
import type { AdminEnv } from "../../src/http/admin-input.ts";
import { addRamp } from "../../src/http/admin-ramp.ts";
import { type Harness, opened, quick } from "../control/ramps-fixture.ts";
import { lookMs, noon, readingsWith } from "../core/ramp/ramp-fixture.ts";

async function viewOf({ ramps, revisions, store, switches }: Harness): Promise<Record<string, unknown>> {
  const app = new Hono<AdminEnv>();
  addRamp(app, {
    ramps,
    revision: () => revisions.current,
    events: () => store.read(),
    switches: () => switches.switches,
    now: () => noon,
  });
  const answer = await app.request("/admin/experiments/tone/ramp");
  assert.equal(answer.status, 200);
  // Tests look into whatever JSON came.
  return (await answer.json()) as Record<string, unknown>;
}

describe("the view of a ramp", () => {
  test("tells when the first step begins, and no time for what no calendar decides", async () => {
    const startAt = noon + 100 * lookMs;
    const late = { ...quick, schedule: { ...quick.schedule, startAt } };
    const one = await opened([], late);
    await one.order("start");
    await one.look();
    assert.equal((await viewOf(one)).next_at, new Date(startAt).toISOString());
    const two = await opened();
    two.answer = () => readingsWith({ dataProblems: ["lost records"] });
    await two.order("start");
    await two.look();
    const view = await viewOf(two);
    assert.deepEqual([view.status, view.reason, view.next_at], ["scheduled", "lost records", undefined]);
  });

  test("tells of a lock whenever a start would meet it", async () => {
    const one = await opened();
    await one.order("start");
    await one.look();
    await one.order("rollback");
    const until = (await viewOf(one)).locked_until;
    assert.match(String(until), /^2026-01-06T12:00/);
    await one.order("start", true);
    assert.equal((await viewOf(one)).locked_until, undefined);
    await one.order("abort");
    await assert.rejects(one.order("start"), { message: /is locked until/ });
    assert.equal((await viewOf(one)).locked_until, until);
  });

  test("says killed from the switch itself, and nobody's share, until it is lifted", async () => {
    const one = await opened();
    await one.order("start");
    await one.look();
    const shown = async () => {
      const { is_killed: isKilled, actual_share: share } = await viewOf(one);
      return [isKilled, share];
    };
    const before = await shown();
    const scope = { kind: "experiment", experimentId: "tone" } as const;
    await one.switches.kill({ scope, by: "ada", reason: "no" });
    assert.deepEqual(await shown(), [true, 0]);
    await one.switches.revive({ scope, by: "ada", reason: "yes" });
    assert.deepEqual(await shown(), before);
    assert.deepEqual([before[0], Number(before[1]) > 0], [false, true]);
  });

  test("names the step and the time that its counts are of, and whose words a reason is", async () => {
    const one = await opened();
    await one.order("start");
    one.answer = () => readingsWith({ units: { treatment: 1, control: 1 } });
    await one.look(3);
    const view = await viewOf(one);
    const { step, at } = view.readings as { step: number; at: string };
    assert.deepEqual([step, view.step, view.by], [1, 1, "ramp"]);
    assert.equal(at, view.looked_at);
    one.answer = () => readingsWith();
    for (let looks = 0; looks < 500 && (await viewOf(one)).step === 1; looks++) await one.look();
    const raised = await viewOf(one);
    assert.deepEqual([raised.step, (raised.readings as { step: number }).step], [2, 1]);
  });

  test("lists decisions alone, with what was ordered", async () => {
    const one = await opened();
    await one.order("start");
    one.answer = () => readingsWith({ requests: { treatment: 0, control: 0 } });
    await one.look(5);
    await one.order("pause");
    const decisions = (await viewOf(one)).decisions as { order?: string; from: string; to: string }[];
    assert.deepEqual(
      decisions.map(({ order, from, to }) => [order, from, to]),
      [
        ["pause", "warming", "paused"],
        [undefined, "scheduled", "warming"],
        ["start", "draft", "scheduled"],
      ],
    );
  });
});
