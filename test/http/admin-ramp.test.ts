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
});
