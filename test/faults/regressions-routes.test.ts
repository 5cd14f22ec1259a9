/** Faults of passed-through routes, of limits and of starting that were found once: each test failed before its cure. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startApp } from "../../src/app.ts";
import { type AppOptions, loadRevision } from "../../src/app-options.ts";
import { bodyOf, type HostileHandler, unusedPort, wholeAnswer } from "../support/hostile-upstream.ts";
import {
  attemptsOf,
  bodyFor,
  chunk,
  type FaultyApp,
  good,
  hello,
  openStream,
  role,
  startFaultyApp,
  statusAnswer,
  until,
} from "./fixture.ts";

let app: FaultyApp;
before(async () => {
  const rest = `
  aliased:
    match: { models: [my-alias] }
    variants: { control: { model: model-a }, candidate: { model: model-b } }
`;
  app = await startFaultyApp({ rest });
  app.write(
    "prompts/reply/v1.md",
    "---\ndescription: A reply.\nmodel_hints: [model-a]\n---\n## system\nAnswer.\n",
  );
  assert.equal((await app.app.reload("ada", "a prompt")).result, "applied");
});
after(() => app.close());

const json = { "content-type": "application/json" };

interface Asked {
  readonly status: number;
  readonly text: string;
  readonly error: { readonly code?: string; readonly param?: string };
}

/** Sends the path as it stands: clients that parse an address would tidy it. */
function ask(method: string, path: string, body?: string, type = json["content-type"]): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const { port } = app.app;
    const headers = body === undefined ? {} : { "content-type": type };
    const sent = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (piece) => {
        text += piece;
      });
      response.on("end", () => {
        const error = text.startsWith('{"error"') ? JSON.parse(text).error : {};
        resolve({ status: response.statusCode ?? 0, text, error });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const plain: HostileHandler = (socket) => socket.write(wholeAnswer('{"ok":true}'));

describe("a request that must not reach the upstream", () => {
  const refused: [method: string, path: string, status: number, code: string][] = [
    ["TRACE", "/v1/files", 405, "method_not_allowed"],
    ["TRACE", "/v1/chat/completions", 405, "method_not_allowed"],
    ["GET", "/v1/../x", 400, "invalid_value"],
    ["GET", "/v1/files/./x", 400, "invalid_value"],
    ["GET", "/v1/files/..%2fx", 400, "invalid_value"],
    ["GET", "/v1/files/%2e%2e/x", 400, "invalid_value"],
    ["GET", "/v1/files/a%5Cb", 400, "invalid_value"],
    ["POST", "/v1/chat/complet%69ons", 400, "invalid_value"],
    ["GET", "/v1/a//b", 400, "invalid_value"],
    ["GET", "/v1/files;x=1", 400, "invalid_value"],
    ["GET", "/v1/models/..%2Ffiles", 400, "invalid_value"],
  ];
  for (const [method, path, status, code] of refused) {
    test(`is refused: ${method} ${path}`, async () => {
      app.play(plain);
      const asked = app.upstream.requests.length;
      const told = await ask(method, path, method === "POST" ? "{}" : undefined);
      assert.deepEqual([told.status, told.error.code], [status, code]);
      assert.equal(app.upstream.requests.length, asked);
    });
  }

  test("is not a model's name that holds a slash, nor a query that holds anything", async () => {
    for (const path of ["/v1/models/org%2Fname", "/v1/files?after=a//b;%61/../c"]) {
      app.play(plain);
      const told = await ask("GET", path);
      assert.deepEqual([told.status, told.text], [200, '{"ok":true}']);
      assert.match(app.upstream.requests.at(-1)?.toString() ?? "", /^GET \/v1\//);
      assert.ok(app.upstream.requests.at(-1)?.toString().startsWith(`GET ${path} `));
    }
  });
});

describe("a route beside chat", () => {
  for (const route of ["/v1/responses", "/v1/embeddings", "/v1/completions"]) {
    for (const model of ["experiment/alone", "experiment/alone@control", "prompt/reply@v1", "my-alias"]) {
      test(`refuses ${model} on ${route}, which would run nothing there`, async () => {
        app.play(plain);
        const asked = app.upstream.requests.length;
        const told = await ask("POST", route, JSON.stringify({ input: "hi", model }));
        assert.deepEqual(
          [told.status, told.error.code, told.error.param],
          [400, "unsupported_parameter", "model"],
        );
        assert.equal(app.upstream.requests.length, asked);
      });
    }

    test(`reads no model on ${route} that the upstream would read otherwise`, async () => {
      app.play(plain);
      const asked = app.upstream.requests.length;
      const refused: [body: string, code: string, path?: string, type?: string][] = [
        ['{"model":"model-a","api_base":"http://evil.test"}', "unsupported_parameter"],
        ['{"model":"model-a","API_KEY":"x"}', "unsupported_parameter"],
        ['{"model":"model-a","Model":"model-b"}', "unsupported_parameter"],
        ['{"model":"model-a","model":"model-b"}', "invalid_json"],
        ['{"model":"experiment/alone"}', "unsupported_parameter", `${route}/`],
        ['{"model":"experiment/alone"}', "unsupported_parameter", route, "APPLICATION/JSON"],
        ['{"model":"model-a"}', "unsupported_media_type", route, "text/plain"],
      ];
      for (const [body, code, path = route, type] of refused) {
        assert.equal((await ask("POST", path, body, type)).error.code, code, `${path} ${body}`);
      }
      assert.equal(app.upstream.requests.length, asked);
    });

    test(`passes a plain model on ${route} byte for byte`, async () => {
      app.play(plain);
      const body = '{ "model":"model-a" ,\n "input": "h\\u0069 模型", "x": 1.0 }';
      assert.equal((await ask("POST", route, body)).status, 200);
      const sent = app.upstream.requests.at(-1);
      assert.equal(sent && bodyOf(sent).toString(), body);
    });
  }

  test("tells of a key that was refused in our words, not in the upstream's", async () => {
    for (const status of [401, 403]) {
      app.play((socket) => socket.write(statusAnswer(status, '{"error":{"message":"bad key sk-12"}}')));
      const told = await ask("POST", "/v1/responses", '{"model":"model-a"}');
      assert.deepEqual([told.status, told.error.code], [502, "upstream_unauthorized"]);
      assert.doesNotMatch(told.text, /sk-12/);
    }
  });
});

describe("an upstream with one permit", () => {
  let limited: FaultyApp;
  before(async () => {
    const budgets = `
    max_concurrent: 1
    budgets: { first_token_ms: 5000, stall_ms: 5000 }
    retry: { max_attempts: 1 }
    breaker: { minimum_calls: 1000000 }`;
    limited = await startFaultyApp({ budgets });
  });
  after(() => limited.close());

  const send = async (path: string, signal?: AbortSignal) => {
    const body = JSON.stringify({ ...bodyFor("alone"), stream: true });
    // What is passed through may name no experiment.
    const text = path === "/responses" ? body.replace("experiment/alone@control", "model-a") : body;
    const init = { method: "POST", headers: json, body: text, ...(signal && { signal }) };
    const response = await fetch(`${limited.url}${path}`, init);
    return { status: response.status, response };
  };
  const paths = ["/responses", "/chat/completions"];
  for (const held of paths) {
    test(`gives it to ${held} or to another call, and back when it ends`, async () => {
      limited.play((socket) => socket.write(openStream(role, hello)));
      const leaving = new AbortController();
      const first = await send(held, leaving.signal);
      assert.equal(first.status, 200);
      for (const path of paths) {
        const { status, response } = await send(path);
        const { error } = JSON.parse(await response.text());
        assert.deepEqual([status, error.code], [503, "overloaded"]);
      }
      limited.play(good);
      leaving.abort();
      for (const path of paths) {
        let status = 503;
        for (let turn = 0; turn < 1000 && status === 503; turn++) {
          const again = await send(path);
          status = again.status;
          await again.response.text();
        }
        assert.equal(status, 200);
      }
    });
  }
});

describe("clients that read nothing until the deadline", () => {
  test("do not open the breaker, which would open at the second failure", async () => {
    const budgets = `
    budgets: { stall_ms: 5000 }
    max_response_bytes: 1000000000
    breaker: { minimum_calls: 2, failure_ratio: 0.1 }`;
    const slow = await startFaultyApp({ budgets });
    try {
      const piece = chunk({ content: "x".repeat(60_000) });
      const text = JSON.stringify({ ...bodyFor("late"), stream: true });
      for (let turn = 0; turn < 4; turn++) {
        let isClosed = false;
        slow.play((socket) => {
          socket.on("close", () => {
            isClosed = true;
          });
          socket.write(openStream(role, ...Array.from({ length: 300 }, () => piece)));
        });
        const client = connect(slow.app.port, "127.0.0.1").pause();
        client.on("error", () => undefined);
        client.write(
          `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
        );
        await until("the end of the upstream's call", () => isClosed);
        client.destroy();
        const record = (await slow.records(turn + 1)).at(-1);
        assert.deepEqual(record && attemptsOf(record), ["test/model-a initial deadline_exceeded"]);
      }
      slow.play(good);
      assert.equal((await slow.ask("alone")).status, 200);
    } finally {
      await slow.close();
    }
  });
});

/** A folder with this configuration, and what starts an Assay from it. */
function optionsFor(yaml: string, change: Partial<AppOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "assay-start-"));
  const configPath = join(folder, "assay.yaml");
  const write = (text: string) => writeFileSync(configPath, text);
  write(yaml);
  const options: AppOptions = { configPath, env: {}, writeLog: () => undefined, ...change };
  return { options, write, remove: () => rmSync(folder, { recursive: true }) };
}

const upstreamsOnly = 'upstreams: { test: { base_url: "http://127.0.0.1:9/v1" } }\n';

describe("a configuration without an admin token", () => {
  test("is refused where the command line opens the admin listener beyond loopback, also later", () => {
    const withToken = `${upstreamsOnly}server: { admin: { token: "\${ADMIN_TOKEN}" } }\n`;
    const env = { ADMIN_TOKEN: "t".repeat(32) };
    const { options, write, remove } = optionsFor(withToken, { env, adminHost: "0.0.0.0" });
    try {
      assert.ok("revision" in loadRevision(options, 0));
      write(upstreamsOnly);
      const loaded = loadRevision(options, 0);
      assert.match("problems" in loaded ? loaded.problems.join() : "", /0\.0\.0\.0.* not loopback/);
      assert.ok("revision" in loadRevision({ ...options, adminHost: "127.0.0.1" }, 0));
    } finally {
      remove();
    }
  });
});

describe("a port that is taken", () => {
  test("ends the start with its number, and nothing stays open", async () => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, "127.0.0.1", () => {
        const address = holder.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const adminPort = await unusedPort();
    const { options, remove } = optionsFor(upstreamsOnly, { port, adminPort });
    try {
      await assert.rejects(startApp(options), (error: Error & { code?: string }) => {
        assert.deepEqual([error.code, error.message.includes(`:${port} `)], ["config_invalid", true]);
        return true;
      });
      const ending = await new Promise((resolve) => {
        connect(adminPort, "127.0.0.1")
          .on("connect", () => resolve("connected"))
          .on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
      });
      assert.equal(ending, "ECONNREFUSED");
    } finally {
      holder.close();
      remove();
    }
  });
});
