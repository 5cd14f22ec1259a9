import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { chunkOf, lastChunk } from "../support/hostile-upstream.ts";
import {
  attemptsOf,
  chunk,
  done,
  type FaultyApp,
  finish,
  good,
  goodStream,
  hello,
  isStreamed,
  openStream,
  role,
  startFaultyApp,
  terminals,
  upstreamError,
} from "./fixture.ts";

let app: FaultyApp;
before(async () => {
  app = await startFaultyApp();
});
after(() => app.close());

type Ending = "hold" | "end" | "cut";

/** Sends these events, then keeps the connection, ends the body cleanly, or closes it in mid-body. */
function playStream(events: readonly string[], ending: Ending): void {
  app.play((socket) => {
    socket.write(openStream(...events) + (ending === "end" ? lastChunk : ""));
    if (ending === "cut") socket.end();
  });
}

const huge = `data: ${"x".repeat(150_000)}`;
const errorEvent = `data: ${upstreamError("server_error")}\n\n`;

describe("a stream that fails before its first content", () => {
  const faults: readonly (readonly [string, readonly string[], Ending, string, number, number])[] = [
    ["is silent", [], "hold", "upstream_first_token_timeout", 504, 1],
    ["has only its role to say", [role], "hold", "upstream_first_token_timeout", 504, 1],
    ["sends comments alone", [": wait\n\n", ": wait\n\n"], "hold", "upstream_first_token_timeout", 504, 1],
    ["is cut", [role], "cut", "upstream_stream_interrupted", 502, 1],
    ["ends cleanly", [role], "end", "upstream_stream_interrupted", 502, 1],
    ["is done with nothing", [role, done], "hold", "upstream_stream_interrupted", 502, 1],
    ["is empty", [], "end", "upstream_stream_interrupted", 502, 1],
    ["has an error inside its 200", [role, errorEvent], "hold", "upstream_error", 500, 3],
    ["has a line without end", [huge, huge], "hold", "upstream_response_too_large", 502, 1],
  ];
  for (const [what, events, ending, code, status, attempts] of faults) {
    test(`because it ${what} is an error of status ${status}, or is rescued`, async () => {
      playStream(events, ending);
      for (const model of ["alone", "buffered-alone", "checked"]) {
        const told = await app.ask(model, { stream: true });
        assert.deepEqual([told.status, told.record.errorType], [status, code]);
        assert.match(String(told.headers["content-type"]), /^application\/json/);
        assert.equal(told.headers["x-should-retry"], "false");
        assert.deepEqual(
          told.record.attempts.map(({ cause }) => cause),
          new Array(attempts).fill(code),
        );
        assert.deepEqual(terminals(told.text), { done: 0, errors: 0 });
      }
      for (const model of ["rescued", "buffered"]) {
        const told = await app.ask(model, { stream: true });
        assert.equal(told.status, 200);
        assert.equal(told.record.fallback?.cause, code);
        assert.deepEqual(terminals(told.text), { done: 1, errors: 0 });
        assert.equal(told.text, goodStream);
      }
    });
  }

  test("is not given up while content comes in time, however late the rest", async () => {
    app.play((socket) => {
      socket.write(openStream(role));
      setTimeout(() => socket.write(chunkOf(hello)), 80);
      setTimeout(() => socket.write(chunkOf(finish + done) + lastChunk), 160);
    });
    const told = await app.ask("rescued", { stream: true });
    assert.equal(told.text, goodStream);
    assert.ok((told.record.firstChunkMs ?? 0) >= 70);
  });
});

describe("a stream that fails after its first content", () => {
  const faults: readonly (readonly [string, readonly string[], Ending, string])[] = [
    ["stalls", [role, hello], "hold", "upstream_stalled"],
    ["is cut", [role, hello], "cut", "upstream_stream_interrupted"],
    ["ends cleanly without finish_reason", [role, hello], "end", "upstream_stream_interrupted"],
    ["is done without finish_reason", [role, hello, done], "hold", "upstream_stream_interrupted"],
    ["is cut within an event", [role, hello, finish.slice(0, 30)], "end", "upstream_stream_interrupted"],
    ["has an error inside its 200", [role, hello, errorEvent], "hold", "upstream_error"],
    ["has a line without end", [role, hello, huge, huge], "hold", "upstream_response_too_large"],
  ];
  for (const [what, events, ending, code] of faults) {
    test(`because it ${what} ends with an error event, never cleanly, and nobody else is asked`, async () => {
      playStream(events, ending);
      for (const model of ["alone", "rescued", "checked"]) {
        const told = await app.ask(model, { stream: true });
        assert.deepEqual([told.status, told.code, told.ending], [200, code, "end"]);
        assert.ok(told.text.startsWith(role + hello));
        assert.deepEqual(terminals(told.text), { done: 0, errors: 1 });
        assert.match(told.text, /\n\ndata: \{"error":\{"message":"[^\n]*"\}\}\n\n$/);
        assert.deepEqual(attemptsOf(told.record), [`test/model-a initial ${code}`]);
        assert.deepEqual([told.record.errorType, told.record.fallback], [code, undefined]);
        assert.notEqual(told.record.outcome, "success");
        // What has been said has been paid for.
        assert.equal(told.record.usage?.source, "estimated");
        assert.deepEqual(told.record.finishReasons, []);
      }
    });

    test(`because it ${what} is rescued where it was held back`, async () => {
      playStream(events, ending);
      const rescued = await app.ask("buffered", { stream: true });
      assert.deepEqual([rescued.status, rescued.text], [200, goodStream]);
      assert.equal(rescued.record.fallback?.cause, code);
      assert.equal(attemptsOf(rescued.record).at(-1), "spare/model-b fallback ok");
      const alone = await app.ask("buffered-alone", { stream: true });
      assert.ok(alone.status >= 500);
      assert.equal(alone.record.errorType, code);
      assert.match(String(alone.headers["content-type"]), /^application\/json/);
    });
  }
});

describe("a stream that is complete all the same", () => {
  const endings: readonly (readonly [string, readonly string[], Ending])[] = [
    ["has no [DONE] and ends", [role, hello, finish], "end"],
    ["has no [DONE] and stays open", [role, hello, finish], "hold"],
    ["has no [DONE] and is cut", [role, hello, finish], "cut"],
    ["lacks the blank line after its [DONE]", [role, hello, finish, "data: [DONE]"], "end"],
    ["stays open after its [DONE]", [role, hello, finish, done], "hold"],
    ["goes on after its [DONE]", [role, hello, finish, done, hello], "hold"],
  ];
  for (const [what, events, ending] of endings) {
    test(`although it ${what} ends once, with [DONE]`, async () => {
      playStream(events, ending);
      // Waiting for what does not come takes a second.
      for (const model of what.includes("no [DONE] and stays") ? ["alone"] : ["alone", "buffered"]) {
        const told = await app.ask(model, { stream: true });
        assert.equal(told.text, goodStream);
        assert.deepEqual(attemptsOf(told.record), ["test/model-a initial ok"]);
        assert.deepEqual([told.record.outcome, told.record.finishReasons], ["success", ["stop"]]);
      }
    });
  }

  test("loses its malformed chunks and nothing else", async () => {
    playStream([role, "data: {oops\n\n", hello, 'data: "text"\n\n', finish, done], "hold");
    for (const model of ["alone", "buffered"]) {
      const told = await app.ask(model, { stream: true });
      assert.equal(told.text, goodStream);
      assert.equal(told.record.outcome, "success");
    }
  });

  test("keeps the upstream's connection when its body ends in time", async () => {
    app.play(good);
    const before = app.upstream.connections();
    for (let turn = 0; turn < 4; turn++) await app.ask("alone", { stream: true });
    assert.ok(app.upstream.connections() - before <= 1);
  });

  test("waits for every choice that was asked for", async () => {
    const two = (index: number, reason: string | null) =>
      chunk({ content: "x" }, reason).replace('"index":0', `"index":${index}`);
    playStream([role, two(0, "stop"), two(1, null), done], "end");
    const cut = await app.ask("alone", { stream: true, members: { n: 2 } });
    assert.deepEqual(terminals(cut.text), { done: 0, errors: 1 });
    playStream([role, two(0, "stop"), two(1, "stop"), done], "end");
    const whole = await app.ask("alone", { stream: true, members: { n: 2 } });
    assert.deepEqual(terminals(whole.text), { done: 1, errors: 0 });
  });
});

describe("a stream that is checked at its end", () => {
  test("ends with an error event when it breaks its schema, and cleanly when it does not", async () => {
    const saying = (content: string) => [role, chunk({ content }), finish, done];
    playStream(saying('{"ok":true}'), "end");
    const valid = await app.ask("checked", { stream: true });
    assert.deepEqual(terminals(valid.text), { done: 1, errors: 0 });
    playStream(saying("nonsense"), "end");
    const invalid = await app.ask("checked", { stream: true });
    assert.deepEqual(terminals(invalid.text), { done: 0, errors: 1 });
    assert.deepEqual([invalid.code, invalid.record.outcome], ["output_schema_violation", "schema_fail"]);
  });
});

describe("the usage chunk that we asked for", () => {
  const usage = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } })}\n\n`;

  test("is counted and taken out; one that the client asked for passes", async () => {
    app.play((socket, request) => {
      assert.ok(isStreamed(request) && request.includes('"include_usage":true'));
      socket.write(openStream(role, hello, finish, usage, done) + lastChunk);
    });
    const hidden = await app.ask("alone", { stream: true });
    assert.equal(hidden.text, goodStream);
    assert.deepEqual([hidden.record.usage?.outputTokens, hidden.record.usage?.source], [5, "provider"]);
    const members = { stream_options: { include_usage: true } };
    const shown = await app.ask("alone", { stream: true, members });
    assert.equal(shown.text, role + hello + finish + usage + done);
  });
});

describe("a line of 10 MB", () => {
  test("is cut at the limit of one event, long before that of the answer", async () => {
    const roomy = await startFaultyApp({ budgets: "\n    max_response_bytes: 100000000" });
    const line = `data: ${"x".repeat(10_000_000)}\n\n`;
    try {
      roomy.play((socket) => socket.write(openStream(role, line)));
      const before = await roomy.ask("alone", { stream: true });
      assert.deepEqual([before.status, before.code], [502, "upstream_response_too_large"]);
      assert.match(before.text, /one event/);
      roomy.play((socket) => socket.write(openStream(role, hello, line, finish, done)));
      const within = await roomy.ask("alone", { stream: true });
      assert.deepEqual([within.status, within.code], [200, "upstream_response_too_large"]);
      assert.ok(within.text.length < 10_000);
      assert.deepEqual(terminals(within.text), { done: 0, errors: 1 });
    } finally {
      await roomy.close();
    }
  });
});
