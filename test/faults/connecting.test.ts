import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { keepAliveRace, startBlackhole, unusedPort, wholeAnswer } from "../support/hostile-upstream.ts";
import { selfSigned } from "../support/self-signed.ts";
import { attemptsOf, completion, type FaultyApp, type FaultyAppOptions, startFaultyApp } from "./fixture.ts";

const apps: FaultyApp[] = [];
after(() => Promise.all(apps.map((app) => app.close())));

async function start(options: FaultyAppOptions): Promise<FaultyApp> {
  const app = await startFaultyApp(options);
  apps.push(app);
  return app;
}

/** One attempt at the primary, then the spare at once; alone it is a 502 with a code of its own. */
async function expectUnreachable(app: FaultyApp, code: string): Promise<void> {
  for (const stream of [false, true]) {
    const rescued = await app.ask("rescued", { stream });
    assert.equal(rescued.status, 200);
    assert.match(rescued.text, /Hello/);
    assert.equal(rescued.headers["x-assay-fallback"], `candidate; cause=${code}`);
    assert.deepEqual(attemptsOf(rescued.record), [
      `test/model-a initial ${code}`,
      "spare/model-b fallback ok",
    ]);
    assert.deepEqual(rescued.record.fallback, { from: "control", to: "candidate", cause: code });
    assert.equal(rescued.record.outcome, "success");

    const alone = await app.ask("alone", { stream });
    assert.deepEqual([alone.status, alone.code], [502, code]);
    assert.equal(alone.headers["x-should-retry"], "false");
    assert.deepEqual(attemptsOf(alone.record), [`test/model-a initial ${code}`]);
    assert.equal(alone.record.errorType, code);
    assert.equal(alone.record.status, 502);
  }
}

describe("an upstream that cannot be reached", () => {
  test("refuses the connection: the next target at once", async () => {
    const app = await start({ upstreamUrl: `http://127.0.0.1:${await unusedPort()}/v1` });
    await expectUnreachable(app, "upstream_connect_failed");
  });

  test("lets the connection hang: the next target after the connect budget", {
    skip: process.platform !== "linux",
  }, async () => {
    const blackhole = await startBlackhole();
    try {
      const app = await start({ upstreamUrl: `http://127.0.0.1:${blackhole.port}/v1` });
      await expectUnreachable(app, "upstream_connect_timeout");
    } finally {
      await blackhole.close();
    }
  });

  test("has a name that does not resolve", async () => {
    const budgets = "\n    budgets: { connect_ms: 5000 }";
    const app = await start({ upstreamUrl: "http://upstream.invalid/v1", budgets });
    await expectUnreachable(app, "upstream_dns_failed");
  });

  test("shows a certificate that nobody vouches for: nothing is sent, and not in the clear either", async () => {
    let requests = 0;
    let connections = 0;
    const server = createServer(selfSigned("127.0.0.1"), (_, response) => {
      requests += 1;
      response.end(completion);
    });
    server.on("connection", () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    // A TCP listener's address is always an object.
    const { port } = server.address() as AddressInfo;
    try {
      const budgets = "\n    budgets: { connect_ms: 5000 }";
      const app = await start({ upstreamUrl: `https://127.0.0.1:${port}/v1`, budgets });
      await expectUnreachable(app, "upstream_tls_failed");
      assert.equal(requests, 0);
      // One for each attempt: no second try with another protocol.
      assert.equal(connections, 4);
    } finally {
      server.close();
    }
  });
});

describe("an upstream that resets the connection", () => {
  test("before its headers gets one retry, marked as possibly done twice, then the next target", async () => {
    const app = await start({});
    app.play((socket) => socket.resetAndDestroy());
    for (const stream of [false, true]) {
      const alone = await app.ask("alone", { stream });
      assert.deepEqual([alone.status, alone.code], [502, "upstream_reset"]);
      assert.equal(alone.headers["x-should-retry"], "false");
      assert.deepEqual(attemptsOf(alone.record), [
        "test/model-a initial upstream_reset?",
        "test/model-a retry upstream_reset?",
      ]);
      const rescued = await app.ask("rescued", { stream });
      assert.equal(rescued.status, 200);
      assert.equal(attemptsOf(rescued.record).at(-1), "spare/model-b fallback ok");
      assert.equal(rescued.record.attempts.length, 3);
    }
  });

  test("as a kept one is used again: the client sees nothing of it", async () => {
    const app = await start({});
    app.play(keepAliveRace(wholeAnswer(completion)));
    const first = await app.ask("alone");
    assert.deepEqual(attemptsOf(first.record), ["test/model-a initial ok"]);
    const second = await app.ask("alone");
    assert.equal(second.status, 200);
    assert.equal(second.text, completion);
    assert.deepEqual(attemptsOf(second.record), [
      "test/model-a initial upstream_reset?",
      "test/model-a retry ok",
    ]);
    assert.equal(second.headers["x-assay-attempts"], "2");
    assert.deepEqual([second.record.outcome, second.record.fallback], ["success", undefined]);
  });

  // Elsewhere a reset may overtake the bytes before it.
  const linux = { skip: process.platform !== "linux" };
  test("in the middle of an answer is not asked again: it has read the request", linux, async () => {
    const app = await start({});
    app.play((socket) => {
      socket.write(wholeAnswer(completion).slice(0, -20), () => socket.resetAndDestroy());
    });
    const told = await app.ask("alone");
    assert.deepEqual([told.status, told.code], [502, "upstream_stream_interrupted"]);
    assert.deepEqual(attemptsOf(told.record), ["test/model-a initial upstream_stream_interrupted"]);
  });
});
