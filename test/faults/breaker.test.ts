import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";
import { type HostileUpstream, startHostileUpstream } from "../support/hostile-upstream.ts";
import {
  attemptsOf,
  bodyFor,
  good,
  hello,
  openStream,
  role,
  statusAnswer,
  upstreamError,
} from "./fixture.ts";

let upstream: HostileUpstream;
let answersWell: (turn: number) => boolean = () => true;
let cut = false;

before(async () => {
  let turn = 0;
  upstream = await startHostileUpstream((socket, request) => {
    turn += 1;
    if (answersWell(turn)) good(socket, request);
    else if (cut) socket.end(openStream(role, hello));
    else socket.write(statusAnswer(500, upstreamError("no")));
  });
});
after(() => upstream.close());

async function withApp(limits: string, run: (app: TestApp) => Promise<void>): Promise<void> {
  const experiment = "    fallback: [{ variant: candidate }]";
  const app = await startTestApp({
    config: configWith({ upstreamUrl: upstream.url, upstream: limits, experiment }).replace(
      / {4}retry:.*\n/,
      "",
    ),
  });
  try {
    await run(app);
  } finally {
    await app.close();
  }
}

const ask = (app: TestApp, model = "model-a", stream = false) =>
  app.chat({ model, messages: [], stream }).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  }));

describe("an upstream of which half of all calls fail", () => {
  test("is asked again for at most a fifth of the requests, and the floor", async () => {
    const limits = `
    breaker: { minimum_calls: 1000000 }
    retry: { base_ms: 1, max_ms: 1, budget_per_second: 0 }`;
    await withApp(limits, async (app) => {
      for (const isWell of [(turn: number) => turn % 2 === 0, () => false]) {
        answersWell = isWell;
        const before = upstream.requests.length;
        for (let turn = 0; turn < 20; turn++) await Promise.all(Array.from({ length: 10 }, () => ask(app)));
        const retries = upstream.requests.length - before - 200;
        // 200 requests deposit 40; what the phase before did not spend is at most 40 more.
        assert.ok(retries >= 30 && retries <= 80, `${retries} retries`);
      }
      const all = await app.records(400);
      const retried = all.flatMap(({ attempts }) => attempts).filter(({ reason }) => reason === "retry");
      assert.ok(retried.length <= 80, `${retried.length} retries of 400 requests`);
      assert.ok(retried.length >= 70);
    });
  });

  test("is left alone: its circuit opens, and the rest are refused fast and without a call", async () => {
    const limits = `
    breaker: { minimum_calls: 10, failure_ratio: 0.4, open_ms: 60000 }
    retry: { max_attempts: 1 }`;
    await withApp(limits, async (app) => {
      answersWell = (turn) => turn % 2 === 0;
      const before = upstream.requests.length;
      const statuses: number[] = [];
      for (let turn = 0; turn < 30; turn++) statuses.push((await ask(app)).status);
      assert.equal(upstream.requests.length - before, 10);
      assert.deepEqual(new Set(statuses.slice(0, 10)), new Set([200, 500]));
      assert.deepEqual(new Set(statuses.slice(10)), new Set([503]));

      // Another model of the same upstream has a circuit of its own.
      answersWell = () => true;
      assert.equal((await ask(app, "model-c")).status, 200);
    });
  });

  test("when all targets are open the client hears 503 and when to come back, fast", async () => {
    const limits = `
    breaker: { minimum_calls: 2, open_ms: 60000 }
    retry: { max_attempts: 1 }`;
    await withApp(limits, async (app) => {
      answersWell = () => false;
      const { model } = bodyFor("tone");
      for (let turn = 0; turn < 2; turn++) assert.equal((await ask(app, model)).status, 500);
      const before = upstream.requests.length;
      for (const stream of [false, true]) {
        const refused = await ask(app, model, stream);
        assert.equal(refused.status, 503);
        assert.equal(JSON.parse(refused.text).error.code, "breaker_open");
        const seconds = Number(refused.headers.get("retry-after"));
        assert.ok(seconds > 50 && seconds <= 60);
        assert.equal(refused.headers.get("x-should-retry"), null);
      }
      assert.equal(upstream.requests.length, before);
      const last = (await app.records(4)).at(-1);
      assert.ok(last);
      assert.deepEqual(attemptsOf(last), [
        "test/model-a initial breaker_open",
        "test/model-b fallback breaker_open",
      ]);
      assert.ok(last.latencyMs < 500);
      const status = await (await fetch(`${app.adminUrl}/admin/status`)).text();
      assert.equal(status.split('"state":"open"').length - 1, 2);
    });
  });

  test("learns from how streams end, not from how they begin", async () => {
    const limits = `
    breaker: { minimum_calls: 3, open_ms: 60000 }
    retry: { max_attempts: 1 }`;
    await withApp(limits, async (app) => {
      answersWell = () => false;
      cut = true;
      for (let turn = 0; turn < 3; turn++) assert.equal((await ask(app, "model-a", true)).status, 200);
      cut = false;
      assert.equal((await ask(app, "model-a", true)).status, 503);
    });
  });

  test("serves again once a probe went well", async () => {
    const limits = `
    breaker: { minimum_calls: 2, open_ms: 50 }
    retry: { max_attempts: 1 }`;
    await withApp(limits, async (app) => {
      answersWell = () => false;
      for (let turn = 0; turn < 3; turn++) await ask(app);
      answersWell = () => true;
      const statuses: number[] = [];
      for (let turn = 0; turn < 2000 && statuses.at(-1) !== 200; turn++)
        statuses.push((await ask(app)).status);
      assert.deepEqual(new Set(statuses), new Set([503, 200]));
      for (let turn = 0; turn < 5; turn++) assert.equal((await ask(app)).status, 200);
    });
  });
});
