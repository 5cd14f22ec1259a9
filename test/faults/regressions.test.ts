/** Faults of the chat route that were found once: each test failed before its cure. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { chunkOf, type HostileHandler, wholeAnswer } from "../support/hostile-upstream.ts";
import { rawPost } from "../support/raw-post.ts";
import {
  attemptsOf,
  bodyFor,
  completion,
  type FaultyApp,
  good,
  hello,
  openStream,
  role,
  startFaultyApp,
  statusAnswer,
  terminals,
  until,
  upstreamError,
} from "./fixture.ts";

let app: FaultyApp;
before(async () => {
  const rest = `
  other-model:
    variants: { control: { model: model-a }, candidate: { model: model-b } }
    fallback: [{ model: model-b }]
  by-user:
    variants: { control: { model: model-a, weight: 50 }, candidate: { model: model-b, weight: 50 } }
`;
  app = await startFaultyApp({ rest });
});
after(() => app.close());

const json = { "content-type": "application/json" };
const failing: HostileHandler = (socket) => socket.write(statusAnswer(500, upstreamError("no")));

/** Below HTTP, for node's client would write a header beyond ASCII in an encoding of its choice. */
function dial(text: string): Socket {
  const socket = connect(app.app.port, "127.0.0.1");
  // A test may end it at any time.
  socket.on("error", () => undefined);
  socket.write(text);
  return socket;
}

async function dialled(text: string): Promise<void> {
  const socket = dial(text).resume();
  await once(socket, "close");
}

function post(body: object, headers = ""): string {
  const text = JSON.stringify(body);
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${headers}content-type: application/json`;
  return `${head}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

async function isIdle(): Promise<boolean> {
  const status = JSON.parse(await (await fetch(`${app.adminUrl}/admin/status`)).text());
  return status.active_requests === 0;
}

async function untilIdle(): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) if (await isIdle()) return;
  throw new Error("a request is still active");
}

async function admin(path: string, order: object): Promise<number> {
  const body = JSON.stringify({ by: "ada", reason: "a test", ...order });
  const response = await fetch(`${app.adminUrl}${path}`, { method: "POST", headers: json, body });
  await response.text();
  return response.status;
}

describe("a model's name that no header may hold", () => {
  for (const model of ["模型", "mod\u00e8le", "a\r\nx-injected: yes"]) {
    test(`is answered without naming it: ${JSON.stringify(model)}`, async () => {
      app.play(good);
      for (const stream of [false, true]) {
        const told = await app.ask("alone", { stream, members: { model } });
        assert.deepEqual([told.status, told.ending], [200, "end"]);
        assert.equal(told.headers["x-assay-model"], undefined);
        assert.equal(told.headers["x-injected"], undefined);
        assert.equal(told.record.requestModel, model);
      }
      await untilIdle();
    });
  }
});

describe("a path with a slash at its end", () => {
  test("runs the experiment, as without", async () => {
    app.play(good);
    const heard = await rawPost({
      url: `${app.url}/chat/completions/`,
      headers: json,
      body: bodyFor("alone"),
    });
    assert.deepEqual(
      [heard.status, heard.headers["x-assay-experiment"], heard.headers["x-assay-variant"]],
      [200, "alone", "control"],
    );
  });
});

describe("a fallback", () => {
  test("to a variant names the variant that served, and to a model or a ready answer none", async () => {
    app.play(failing);
    for (const [model, variant] of [
      ["rescued", "candidate"],
      ["other-model", undefined],
      ["canned", undefined],
    ] as const) {
      const told = await app.ask(model);
      assert.deepEqual(
        [told.status, told.headers["x-assay-assignment"], told.headers["x-assay-variant"]],
        [200, "fallback", variant],
      );
    }
  });

  test("is not served by a variant that was killed", async () => {
    app.play(failing);
    assert.equal(await admin("/admin/kill", { scope: "rescued/candidate" }), 200);
    try {
      const told = await app.ask("rescued");
      assert.deepEqual([told.status, told.record.fallback], [500, undefined]);
    } finally {
      await admin("/admin/revive", { scope: "rescued/candidate" });
    }
    assert.equal((await app.ask("rescued")).status, 200);
  });
});

describe("a kill that names nothing", () => {
  test("kills nothing, and says what is missing", async () => {
    assert.equal(await admin("/admin/kill", {}), 400);
    assert.equal(await admin("/admin/kill", { scop: "rescued" }), 400);
    assert.equal(await admin("/admin/kill", { scope: "rescued", varient: "candidate" }), 400);
    assert.equal(await admin("/admin/experiments/rescued/kill", { varient: "candidate" }), 400);
    assert.deepEqual(app.app.killed(), []);
  });
});

describe("a client that hangs up before the first byte", () => {
  test("is an attempt in the metrics, at a price that is estimated", async () => {
    let isAsked = false;
    app.play(() => {
      isAsked = true;
    });
    const count = app.app.records.health().writtenRows;
    const socket = dial(post(bodyFor("alone")));
    await until("the upstream's request", () => isAsked);
    socket.destroy();
    const record = (await app.records(count + 1)).at(-1);
    assert.ok(record);
    assert.deepEqual(attemptsOf(record), ["test/model-a initial client_cancelled"]);
    assert.equal(record.usage?.source, "estimated");
    assert.ok((record.costUsd ?? 0) > 0);
    const metrics = await (await fetch(`${app.adminUrl}/metrics`)).text();
    assert.match(metrics, /^assay_attempts\S*\{[^}]*outcome="client_cancelled"[^}]*\} 1/m);
  });
});

describe("x-ratelimit-reset", () => {
  const resets = ["x-ratelimit-reset-requests: 20s", "x-ratelimit-reset-tokens: 30s"];

  test("says nothing about a 500: the retry comes at once", async () => {
    const asked = app.upstream.requests.length;
    app.play((socket, request) => {
      const isFirst = app.upstream.requests.length === asked + 1;
      if (isFirst) socket.write(statusAnswer(500, upstreamError("no"), resets));
      else good(socket, request);
    });
    const told = await app.ask("alone");
    assert.equal(told.status, 200);
    assert.deepEqual(attemptsOf(told.record), [
      "test/model-a initial upstream_error",
      "test/model-a retry ok",
    ]);
  });

  test("makes no retry-after of a 400", async () => {
    app.play((socket) => socket.write(statusAnswer(400, upstreamError("bad"), resets)));
    const told = await app.ask("alone");
    assert.deepEqual([told.status, told.code], [400, "bad"]);
    assert.equal(told.headers["retry-after"], undefined);
    assert.equal(told.headers["retry-after-ms"], undefined);
  });
});

describe("a stream that has said everything", () => {
  test("ends with [DONE] though its upstream pings for ever", async () => {
    const last = {
      id: "chatcmpl-1",
      choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
    };
    app.play((socket) => {
      socket.write(openStream(role, hello, `data: ${JSON.stringify(last)}\n\n`));
      const pings = setInterval(() => socket.write(chunkOf(": ping\n\n")), 20);
      socket.on("close", () => clearInterval(pings));
    });
    // No budget ends it, for the pings come in time: the end of the answer must.
    const told = await app.ask("alone", { stream: true });
    assert.deepEqual(terminals(told.text), { done: 1, errors: 0 });
    assert.deepEqual([told.ending, told.record.outcome], ["end", "success"]);
  });
});

describe("a unit's id beyond ASCII", () => {
  test("gets the same variant by the header as by the body", async () => {
    app.play(good);
    const seen = new Set<unknown>();
    for (let count = 0; count < 12; count++) {
      const id = `学生-${count}`;
      const body = { model: "experiment/by-user", messages: [] };
      const before = app.app.records.health().writtenRows;
      await dialled(post(body, `x-assay-user: ${id}\r\nconnection: close\r\n`));
      await dialled(post({ ...body, user: id }, "connection: close\r\n"));
      const [byHeader, byBody] = (await app.records(before + 2)).slice(-2);
      assert.deepEqual([byHeader?.unitSource, byBody?.unitSource], ["header:x-assay-user", "user"]);
      assert.equal(byHeader?.unitHash, byBody?.unitHash);
      assert.equal(byHeader?.assignedVariantId, byBody?.assignedVariantId);
      seen.add(byHeader?.servedVariantId);
    }
    assert.equal(seen.size, 2);
  });
});

describe("usage that no model can mean", () => {
  for (const count of ["1e308", "0.5", "-1"]) {
    test(`is not believed: ${count} tokens`, async () => {
      const text = completion.replace('"completion_tokens":5', `"completion_tokens":${count}`);
      app.play((socket) => socket.write(wholeAnswer(text)));
      const told = await app.ask("alone");
      assert.deepEqual([told.status, told.text], [200, text]);
      assert.notEqual(told.record.usage?.outputTokens, Number(count));
      assert.ok((told.record.costUsd ?? 0) < 1);
    });
  }
});
