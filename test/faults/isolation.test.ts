import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { chunkOf, lastChunk } from "../support/hostile-upstream.ts";
import { rawPost } from "../support/raw-post.ts";
import {
  bodyFor,
  chunk,
  completion,
  done,
  type FaultyApp,
  finish,
  hello,
  isStreamed,
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
  app = await startFaultyApp();
});
after(() => app.close());

/** What each of many requests is for, told by its `user`. */
const kinds = [
  "whole",
  "stream",
  "hang up",
  "stall",
  "cut",
  "broken",
  "half a body",
  "reset",
  "garbage",
] as const;
type Kind = (typeof kinds)[number];

function playByKind(): void {
  app.play((socket, request) => {
    const [, kind = "", id = ""] = /"user":"([a-z ]+)\/(\d+)"/.exec(request.toString()) ?? [];
    if (kind === "reset") socket.resetAndDestroy();
    else if (kind === "broken") socket.write(statusAnswer(400, upstreamError(id)));
    else if (!isStreamed(request)) socket.write(wholeFor(id));
    else if (kind === "cut") socket.end(openStream(role, hello));
    else if (kind === "stall" || kind === "hang up") socket.write(openStream(role, hello));
    else {
      socket.write(openStream(role));
      // Its pieces come apart, so that those of others come in between.
      setImmediate(() => socket.write(chunkOf(chunk({ content: `content ${id}` }))));
      setImmediate(() => setImmediate(() => socket.write(chunkOf(finish + done) + lastChunk)));
    }
  });
}

function wholeFor(id: string): string {
  const body = completion.replace("Hello", `content ${id}`);
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

const streamFor = (id: number) => role + chunk({ content: `content ${id}` }) + finish + done;

/** Sends bytes that end in the middle of something, and resets the connection. */
function sendAndReset(bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect(app.app.port, "127.0.0.1", () => {
      socket.write(bytes, () => socket.resetAndDestroy());
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
  });
}

async function act(kind: Kind, id: number): Promise<void> {
  if (kind === "garbage") return sendAndReset(`${"\x16\x03\x01"}garbage ${id}\r\n\r\n`);
  if (kind === "half a body") {
    const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
    return sendAndReset(`${head}\r\ncontent-length: 1000\r\n\r\n{"model":`);
  }
  const stream = kind !== "whole" && kind !== "broken";
  const { status, text, ending } = await rawPost({
    url: `${app.url}/chat/completions`,
    headers: { "content-type": "application/json" },
    body: { ...bodyFor("alone"), stream, user: `${kind}/${id}` },
    enough: (heard) => kind === "hang up" && heard.includes("Hello"),
  });
  check(kind, { id, status, text, ending });
}

function check(kind: Kind, heard: { id: number; status: number; text: string; ending: string }): void {
  const { id, status, text, ending } = heard;
  assert.equal(ending, kind === "hang up" ? "enough" : "end", kind);
  if (kind === "whole") assert.equal(text, completion.replace("Hello", `content ${id}`));
  else if (kind === "stream") assert.equal(text, streamFor(id));
  else if (kind === "broken") assert.deepEqual([status, text], [400, upstreamError(String(id))]);
  else if (kind === "reset") assert.equal(status, 502);
  else if (kind !== "hang up") assert.deepEqual(terminals(text), { done: 0, errors: 1 });
}

describe("among many requests, of which some fail in every way there is", () => {
  test("those that can be answered are answered, whole and with their own content", async () => {
    playByKind();
    const dice = (id: number) => kinds[(id * 7) % kinds.length] ?? "whole";
    for (let round = 0; round < 3; round++) {
      const ids = Array.from({ length: 200 }, (_, id) => round * 200 + id);
      await Promise.all(ids.map((id) => act(dice(id), id)));
    }
    // All but those that were no request, or had no whole one, came to an answer.
    const answered = () => app.app.records.health().writtenRows;
    await until("the end of all", () => answered() >= (600 * 7) / 9);
  });

  test("nothing is left behind: no request under way, and no fault of our own", async () => {
    let active = -1;
    for (let turn = 0; turn < 2000 && active !== 0; turn++) {
      const status: unknown = await (await fetch(`${app.adminUrl}/admin/status`)).json();
      // Only the one member is read.
      active = (status as { active_requests: number }).active_requests;
    }
    assert.equal(active, 0);
    assert.ok(!app.logs.some((line) => /"level":"error"|internal_error/.test(line)));
    const outcomes = new Set((await app.app.records.recent({ limit: 1000 })).map(({ outcome }) => outcome));
    assert.ok(!outcomes.has("internal_error"));
    assert.ok(outcomes.has("cancelled") && outcomes.has("success"));
  });
});
