import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  chunkOf,
  type HostileUpstream,
  lastChunk,
  startHostileUpstream,
} from "../support/hostile-upstream.ts";
import { type Heard, rawPost } from "../support/raw-post.ts";
import {
  done,
  finish,
  good,
  goodStream,
  hello,
  isStreamed,
  openStream,
  role,
  terminals,
  until,
} from "./fixture.ts";

let upstream: HostileUpstream;
/** The upstream's side of the last stream, which goes on as long as the test likes. */
let live: Socket | undefined;

before(async () => {
  upstream = await startHostileUpstream((socket, request) => {
    if (!isStreamed(request)) {
      good(socket, request);
      return;
    }
    live = socket;
    socket.write(openStream(role, hello));
  });
});
beforeEach(() => {
  live = undefined;
});
after(() => upstream.close());

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly adminUrl: string;
  readonly exited: Promise<number | null>;
}

const bin = fileURLToPath(new URL("../../bin/assay.js", import.meta.url));

async function withProcess(drainMs: number, run: (running: Running) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "assay-test-"));
  const config = `upstreams: { test: { base_url: "${upstream.url}" } }\nserver: { drain_ms: ${drainMs} }\n`;
  writeFileSync(join(folder, "assay.yaml"), config);
  const args = [bin, "serve", "--port", "0", "--admin-port", "0", "--config", join(folder, "assay.yaml")];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit").then(([code]) => code);
  try {
    const [, url = "", adminUrl = ""] = await said(child, /serves (\S+)\s+admin (\S+)/);
    await run({ child, url, adminUrl, exited });
  } finally {
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

function said(child: ChildProcess, what: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = "";
    const hear = (piece: string) => {
      text += piece;
      const match = what.exec(text);
      if (match !== null) resolve(match);
    };
    for (const output of [child.stdout, child.stderr]) output?.setEncoding("utf8").on("data", hear);
    child.on("exit", () => reject(new Error(`the process ended: ${text}`)));
  });
}

/** Begins a stream and waits until its first content has reached the client. */
async function begin(url: string): Promise<{ readonly heard: Promise<Heard> }> {
  let hasContent = false;
  const heard = rawPost({
    url: `${url}/chat/completions`,
    headers: { "content-type": "application/json" },
    body: { model: "m", messages: [], stream: true },
    enough: (text) => {
      hasContent ||= text.includes("Hello");
      return false;
    },
  });
  await until("the first content", () => hasContent);
  return { heard };
}

/** 0 for a refused connection, which a load balancer takes for a no as well. */
async function statusOf(url: string): Promise<number> {
  return fetch(url).then(
    ({ status }) => status,
    () => 0,
  );
}

async function untilDraining(adminUrl: string): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) if ((await statusOf(`${adminUrl}/readyz`)) === 503) return;
  throw new Error("it never drained");
}

describe("a process that gets SIGTERM", () => {
  test("finishes its streams, lets nobody in, tells its health, and exits 0", async () => {
    await withProcess(20_000, async ({ child, url, adminUrl, exited }) => {
      const { heard } = await begin(url);
      const late = connect(Number(new URL(url).port), "127.0.0.1");
      let answer = "";
      late.on("data", (bytes) => {
        answer += bytes.toString();
      });
      await once(late, "connect");
      late.write("POST /v1/chat/completions HTTP/1.1\r\n");
      // Its first half has arrived once a request behind it has been answered.
      assert.equal(await statusOf(`${adminUrl}/readyz`), 200);

      child.kill("SIGTERM");
      await untilDraining(adminUrl);
      assert.equal(await statusOf(`${adminUrl}/healthz`), 200);
      assert.equal(await statusOf(`${url}/models`), 0);
      late.write("host: localhost\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
      await until("a refusal", () => answer.includes('"code":"shutting_down"'));
      assert.match(answer, /^HTTP\/1\.1 503 /);
      assert.match(answer, /\r\nretry-after: 1\r\n/);
      assert.equal(child.exitCode, null);

      live?.write(chunkOf(finish + done) + lastChunk);
      const { text, ending } = await heard;
      assert.deepEqual([text, ending], [goodStream, "end"]);
      late.destroy();
      assert.equal(await exited, 0);
    });
  });

  test("ends a stream that outlasts the drain with an error event, and exits 0", async () => {
    await withProcess(100, async ({ child, url, exited }) => {
      const { heard } = await begin(url);
      child.kill("SIGTERM");
      const { text, ending } = await heard;
      assert.deepEqual(terminals(text), { done: 0, errors: 1 });
      assert.match(text, /"code":"shutting_down"/);
      assert.equal(ending, "end");
      assert.equal(await exited, 0);
    });
  });

  test("exits at once, and with 1, at a second signal", async () => {
    await withProcess(20_000, async ({ child, url, adminUrl, exited }) => {
      const { heard } = await begin(url);
      child.kill("SIGTERM");
      await untilDraining(adminUrl);
      child.kill("SIGTERM");
      assert.equal(await exited, 1);
      assert.notEqual((await heard).ending, "end");
    });
  });

  test("exits 0 when nothing is under way, whatever connections are kept open", async () => {
    await withProcess(20_000, async ({ child, url, exited }) => {
      const idle = connect(Number(new URL(url).port), "127.0.0.1");
      idle.on("error", () => undefined);
      await once(idle, "connect");
      idle.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
      await once(idle, "data");
      child.kill("SIGINT");
      assert.equal(await exited, 0);
      idle.destroy();
    });
  });
});
