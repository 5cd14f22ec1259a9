/** What an operator reads and changes of a running experiment, over the real listener. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ExperimentReport, LiveStats } from "../../src/domain/report.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";

let upstream: ScriptedUpstream;
let assay: TestApp;

before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  const config = configWith({
    upstreamUrl: upstream.url,
    experiment: "    coverage: 0.4\n    analysis: { goals: [resolved], guardrails: [error_rate] }",
    rest: "metrics:\n  resolved: { kind: boolean }",
  });
  assay = await startTestApp({ config });
});

after(async () => {
  await assay.close();
  await upstream.close();
});

async function asked(path: string, method = "GET", body?: unknown) {
  const response = await fetch(`${assay.adminUrl}/admin/experiments/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // Tests look into whatever JSON came.
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function chats(units: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const unit of units) {
    const response = await assay.chat({ model: "tone", messages: [] }, { "x-assay-user": unit });
    await response.text();
    if (response.headers.get("x-assay-assignment") === "split")
      ids.push(response.headers.get("x-request-id") ?? "");
  }
  return ids;
}

const crowd = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);

describe("the results of an experiment", () => {
  test("count what was exposed, and an outcome the moment that it is acknowledged", async () => {
    const ids = await chats(crowd("ada", 60));
    const outcomes = ids.map((id) => ({ request_id: id, metric: "resolved", value: true }));
    const posted = await fetch(`${assay.url}/outcomes`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(outcomes),
    });
    assert.equal(posted.status, 202);
    const { body } = await asked("tone/results");
    const report: ExperimentReport = body;
    const requests = report.variants.reduce((sum, variant) => sum + variant.requests, 0);
    assert.equal(requests, ids.length);
    const resolved = report.metrics.find(({ metric }) => metric === "resolved");
    assert.equal(
      resolved?.arms.reduce((sum, arm) => sum + arm.n, 0),
      ids.length,
    );
    assert.deepEqual(
      report.metrics.map(({ metric }) => metric),
      ["resolved", "error_rate"],
    );
    assert.equal(report.decision.verdict, "inconclusive");
  });

  test("are of all metrics when that is asked for", async () => {
    const { body } = await asked("tone/results?metrics=all");
    const report: ExperimentReport = body;
    assert.ok(report.metrics.some(({ metric, role }) => metric === "latency_p95" && role === "watched"));
  });

  test("say what may be asked for", async () => {
    const { status, body } = await asked("tone/results?metrics=some");
    assert.equal(status, 400);
    assert.match(body.error.message, /"used" \(goals and guardrails\) or "all"/);
    assert.equal((await asked("tonne/results")).status, 404);
  });

  test("have live shares and means beside them", async () => {
    const { body } = await asked("tone/stats");
    const stats: LiveStats = body;
    const shares = stats.variants.reduce((sum, { share }) => sum + share, 0);
    assert.ok(Math.abs(shares - 1) < 1e-12);
    assert.ok(
      stats.metrics.some(({ metric, arms }) => metric === "latency" && arms.some(({ value }) => value)),
    );
  });
});

describe("records", () => {
  test("are found by unit, variant, request and time", async () => {
    await chats(["grace", "grace", "grace"]);
    const all = (await asked("tone/records?unit=grace&limit=2")).body.records;
    assert.equal(all.length, 2);
    const [newest] = all;
    const older = (await asked(`tone/records?unit=grace&until=${newest.receivedAt - 1}`)).body.records;
    assert.ok(older.every((one: { receivedAt: number }) => one.receivedAt < newest.receivedAt));
    assert.deepEqual((await asked(`tone/records?request_id=${newest.requestId}`)).body.records, [newest]);
    assert.deepEqual((await asked("tone/records?unit=nobody")).body.records, []);
    const { status, body } = await asked("tone/records?until=yesterday");
    assert.equal(status, 400);
    assert.equal(body.error.param, "until");
  });
});

describe("shares set by hand", () => {
  test("let more units in, without moving one, and open a phase", async () => {
    const before = (await asked("tone/results")).body.phases.length;
    const { status, body } = await asked("tone/allocation", "PUT", {
      coverage: 0.8,
      by: "ada",
      reason: "wider",
    });
    assert.equal(status, 200);
    assert.equal(body.result, "applied");
    assert.equal(body.coverage, 0.8);
    await chats(crowd("joan", 40));
    const report: ExperimentReport = (await asked("tone/results")).body;
    assert.equal(report.phases.length, before + 1);
    assert.equal(report.soundness.sampleRatio.kind, "sample_ratio");
    const audit = await (await fetch(`${assay.adminUrl}/admin/audit?limit=5`)).json();
    assert.ok(JSON.stringify(audit).includes('"by":"ada","reason":"wider"'));
  });

  test("are refused where a unit would change its variant", async () => {
    const { status, body } = await asked("tone/allocation", "PUT", {
      weights: { candidate: 90, control: 10 },
    });
    assert.equal(status, 409);
    assert.match(body.error.message, /would move .* of its units from variant "control"/);
    assert.deepEqual((await asked("tone/allocation")).body.weights, { control: 50, candidate: 50 });
  });

  test("are given back to the file", async () => {
    const { status, body } = await asked("tone/allocation", "DELETE", { reason: "enough" });
    assert.equal(status, 200);
    assert.equal(body.coverage, 0.4);
  });

  for (const [what, body, message] of [
    ["nothing", {}, /Give coverage/],
    ["a share above 1", { coverage: 1.5 }, /coverage must be a number from 0 to 1/],
    ["a misspelt variant", { weights: { candidat: 1 } }, /Did you mean "candidate"/],
    ["weights that are none", { weights: [1, 2] }, /weights must be an object/],
    ["another member", { share: 1 }, /There is no member "share"/],
  ] as const) {
    test(`cannot be ${what}`, async () => {
      const answer = await asked("tone/allocation", "PUT", body);
      assert.equal(answer.status, 400);
      assert.match(answer.body.error.message, message);
    });
  }
});

test("a kill opens a phase in which the killed variant is not compared", async () => {
  await asked("tone/kill", "POST", { variant: "candidate", reason: "hurts" });
  await chats(crowd("mary", 40));
  const report: ExperimentReport = (await asked("tone/results")).body;
  const killed = report.phases.find(({ killed: variants }) => variants.includes("candidate"));
  assert.ok(killed);
  assert.ok(report.notes.some((note) => note.includes("kill switch")));
  await asked("tone/revive", "POST", { variant: "candidate" });
});
