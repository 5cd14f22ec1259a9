import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { chunkOf } from "../support/hostile-upstream.ts";
import {
  attemptsOf,
  bodyFor,
  chunk,
  done,
  type FaultyApp,
  finish,
  good,
  hello,
  openStream,
  role,
  startFaultyApp,
  until,
} from "./fixture.ts";

let app: FaultyApp;
before(async () => {
  const budgets = `
    budgets: { stall_ms: 150 }
    max_response_bytes: 1000000000
    breaker: { minimum_calls: 2, failure_ratio: 0.1 }`;
  app = await startFaultyApp({ budgets });
});
after(() => app.close());

/** A client below HTTP, which may hang up, dawdle or not read at all. */
function dial(text: string): Socket {
  const socket = connect(app.app.port, "127.0.0.1");
  // Being cut off is what some of these tests are about.
  socket.on("error", () => undefined);
  socket.write(text);
  return socket;
}

function post(body: object, length?: number): string {
  const text = JSON.stringify(body);
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length ?? text.length}\r\n\r\n${text}`;
}

async function newestRecord(count: number) {
  const record = (await app.records(count)).at(-1);
  assert.ok(record);
  return record;
}

const recorded = () => app.app.records.health().writtenRows;

/** Plays these bytes and tells, from then on, whether the upstream's connection has been closed. */
function playAndWatch(bytes: string): { readonly asked: () => boolean; readonly closed: () => boolean } {
  let isAsked = false;
  let isClosed = false;
  app.play((socket) => {
    isAsked = true;
    socket.on("close", () => {
      isClosed = true;
    });
    socket.write(bytes);
  });
  return { asked: () => isAsked, closed: () => isClosed };
}

describe("a client that hangs up", () => {
  test("before the first content ends the attempt, and is recorded as cancelled", async () => {
    for (const model of ["rescued", "buffered", "checked"]) {
      for (const stream of [true, false]) {
        const count = recorded();
        const upstream = playAndWatch(stream ? openStream(role) : "");
        const socket = dial(post({ ...bodyFor(model), stream }));
        await until("the upstream's request", upstream.asked);
        socket.destroy();
        await until("the end of the upstream's connection", upstream.closed);
        const record = await newestRecord(count + 1);
        assert.deepEqual(
          [record.outcome, record.errorType, record.status],
          ["cancelled", "client_cancelled", 499],
        );
        assert.deepEqual(attemptsOf(record), ["test/model-a initial client_cancelled"]);
      }
    }
  });

  test("in mid-stream ends the attempt, and what it has cost is kept as an estimate", async () => {
    for (const model of ["rescued", "checked"]) {
      const upstream = playAndWatch(openStream(role, hello));
      const told = await app.ask(model, { stream: true, enough: (text) => text.includes("Hello") });
      await until("the end of the upstream's connection", upstream.closed);
      const { record } = told;
      assert.deepEqual(
        [record.outcome, record.errorType, record.status],
        ["cancelled", "client_cancelled", 499],
      );
      assert.deepEqual(attemptsOf(record), ["test/model-a initial client_cancelled"]);
      assert.deepEqual([record.usage?.source, record.usage?.outputTokens], ["estimated", 2]);
      assert.ok((record.costUsd ?? 0) > 0);
    }
  });

  test("teaches the breaker nothing, though it would open at the second failure", async () => {
    for (let turn = 0; turn < 5; turn++) {
      playAndWatch(openStream(role, hello));
      await app.ask("alone", { stream: true, enough: (text) => text.includes("Hello") });
    }
    app.play(good);
    assert.equal((await app.ask("alone")).status, 200);
  });

  test("within its own body is recorded, and no upstream hears of it", async () => {
    const count = recorded();
    const asked = app.upstream.requests.length;
    const socket = dial(post(bodyFor("alone"), 1000));
    for (let turn = 0; turn < 1000 && (await activeRequests()) === 0; turn++);
    socket.destroy();
    const record = await newestRecord(count + 1);
    assert.deepEqual([record.outcome, record.errorType], ["cancelled", "client_cancelled"]);
    assert.deepEqual([record.status, record.attempts], [499, []]);
    assert.equal(app.upstream.requests.length, asked);
  });
});

async function activeRequests(): Promise<number> {
  const status: unknown = await (await fetch(`${app.adminUrl}/admin/status`)).json();
  // Only the one member is read.
  return (status as { active_requests: number }).active_requests;
}

describe("a client that reads slowly", () => {
  const piece = chunkOf(chunk({ content: "x".repeat(60_000) }));
  const pieces = 1200;

  for (const [model, ending, outcome] of [
    ["alone", "[DONE]", "success"],
    // What flows is no JSON, which shows when all of it has.
    ["checked", "output_schema_violation", "schema_fail"],
  ] as const) {
    test(`holds the upstream back instead of filling the memory, in "${model}"`, async () => {
      let written = 0;
      app.play((socket) => {
        socket.write(openStream(role, hello));
        const flow = () => {
          while (written < pieces) {
            written += 1;
            if (!socket.write(piece)) break;
          }
          if (written === pieces) socket.end(chunkOf(finish + done));
          else socket.once("drain", flow);
        };
        flow();
      });
      const count = recorded();
      const socket = dial(post({ ...bodyFor(model), stream: true }));
      socket.pause();
      // Longer than the stall budget: a reader's pause is not the upstream's silence.
      await stable(() => written, 300);
      // 72 MB want to flow; what flows without a reader is what the sockets' own buffers take.
      assert.ok(written > 0 && written < pieces / 2, `${written} pieces of 60 kB were written`);
      assert.equal(recorded(), count);

      let received = 0;
      let tail = "";
      socket.on("data", (bytes) => {
        received += bytes.length;
        tail = (tail + bytes.toString("latin1")).slice(-200);
      });
      socket.resume();
      await until("the stream's end", () => tail.includes(ending));
      assert.ok(received > pieces * 60_000);
      assert.equal((await newestRecord(count + 1)).outcome, outcome);
      socket.destroy();
    });
  }
});

/** Waits until the number has not changed for `milliseconds`. */
async function stable(read: () => number, milliseconds: number): Promise<void> {
  let last = -1;
  let since = performance.now();
  await until("calm", () => {
    if (read() !== last) {
      last = read();
      since = performance.now();
    }
    return last > 0 && performance.now() - since > milliseconds;
  });
}
