import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type FaultyApp, startFaultyApp } from "./fixture.ts";

const maxBytes = 20_000;

let app: FaultyApp;
before(async () => {
  const rest = `server: { limits: { body_bytes: ${maxBytes} }, allowed_hosts: [assay.test], cors_origins: ["https://app.test"] }`;
  app = await startFaultyApp({ rest });
});
after(() => app.close());

interface Answered {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends these bytes and reads until the server closes or has answered whole. */
function send(...pieces: readonly (string | Buffer)[]): Promise<Answered> {
  return new Promise((resolve) => {
    const socket = connect(app.app.port, "127.0.0.1");
    let text = "";
    const end = () => {
      const [head = "", body = ""] = text.split("\r\n\r\n", 2);
      socket.destroy();
      resolve({ status: Number(text.slice(9, 12)), head: head.toLowerCase(), body });
    };
    socket.setEncoding("utf8");
    socket.on("data", (piece) => {
      text += piece;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
      if (Buffer.byteLength(text.slice(text.indexOf("\r\n\r\n") + 4)) >= length) end();
    });
    // A server that refuses early may reset what we are still sending.
    socket.on("error", end);
    socket.on("close", end);
    for (const piece of pieces) socket.write(piece);
  });
}

interface Sent {
  readonly body?: string | Buffer;
  readonly headers?: readonly string[];
  readonly line?: string;
}

const usual = ["host: localhost", "content-type: application/json"];
const line = "POST /v1/chat/completions HTTP/1.1";

function post({ body = '{"model":"m","messages":[]}', headers = usual, ...sent }: Sent): Promise<Answered> {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  return send(`${[sent.line ?? line, ...headers, length].join("\r\n")}\r\n\r\n`, body);
}

/** `status code param`, after the checks that hold for every refusal. */
function refusal({ status, head, body }: Answered): string {
  const { error } = JSON.parse(body);
  assert.deepEqual(Object.keys(error).sort(), ["code", "message", "param", "type"]);
  assert.match(head, /content-type: application\/json/);
  assert.ok(error.message.length > 10 && !/\bat .*\.ts|node:internal/.test(body));
  assert.ok(!body.includes(secret));
  return `${status} ${error.code} ${error.param}`;
}

const secret = "my-prompt-text";
const members = (more: object) => JSON.stringify({ model: "model-a", messages: [secret], ...more });
const nested = (depth: number) => `{"model":"m","messages":${"[".repeat(depth)}${"]".repeat(depth)}}`;
const keys = JSON.stringify(Object.fromEntries(Array.from({ length: 1500 }, (_, key) => [`k${key}`, 1])));

const rows: readonly (readonly [string, Sent, string])[] = [
  ["an empty body", { body: "" }, "400 invalid_json null"],
  ["no JSON", { body: `${secret} {` }, "400 invalid_json null"],
  ["trailing bytes", { body: `${members({})} ${secret}` }, "400 invalid_json null"],
  ["a byte order mark", { body: `\uFEFF${members({})}` }, "400 invalid_json null"],
  ["a key given twice", { body: '{"model":"a","model":"b","messages":[]}' }, "400 invalid_json model"],
  [
    "invalid UTF-8",
    { body: Buffer.from('{"model":"m","messages":["\xff"]}', "latin1") },
    "400 invalid_encoding null",
  ],
  ["an array", { body: "[1]" }, "400 invalid_type null"],
  ["a string", { body: '"x"' }, "400 invalid_type null"],
  ["too deep a body", { body: nested(64) }, "400 json_too_complex null"],
  ["no model", { body: '{"messages":[]}' }, "400 missing_required_parameter model"],
  ["no messages", { body: '{"model":"m"}' }, "400 missing_required_parameter messages"],
  ["messages of another type", { body: members({ messages: secret }) }, "400 invalid_value messages"],
  ["a model of another type", { body: members({ model: [secret] }) }, "400 invalid_value model"],
  ["a parameter of another type", { body: members({ stream: secret }) }, "400 invalid_value stream"],
  ["a parameter out of range", { body: members({ temperature: 3 }) }, "400 invalid_value temperature"],
  ["n out of range", { body: members({ n: 0 }) }, "400 invalid_value n"],
  [
    "an upstream of its own",
    { body: members({ base_url: "http://x" }) },
    "400 unsupported_parameter base_url",
  ],
  ["another spelling", { body: members({ Stream: true }) }, "400 unsupported_parameter Stream"],
  ["an unknown experiment", { body: members({ model: "experiment/alnoe" }) }, "404 model_not_found model"],
  ["an unknown variant", { body: members({ model: "experiment/alone@x" }) }, "404 model_not_found model"],
  [
    "a bad experiment header",
    { headers: [...usual, `x-assay-experiment: ${"e".repeat(129)}`] },
    "400 invalid_header x-assay-experiment",
  ],
  ["text", { headers: ["host: localhost", "content-type: text/plain"] }, "415 unsupported_media_type null"],
  ["no content type", { headers: ["host: localhost"] }, "415 unsupported_media_type null"],
  [
    "an encoded body",
    { headers: [...usual, "content-encoding: gzip"], body: gzipSync(members({})) },
    "415 unsupported_media_type null",
  ],
  ["too long a body", { body: "x".repeat(maxBytes + 1) }, "413 request_too_large null"],
  ["a foreign host", { headers: ["host: evil.test", ...usual.slice(1)] }, "421 invalid_host null"],
  [
    "two hosts",
    { headers: ["host: localhost", "host: evil.test", ...usual.slice(1)] },
    "421 invalid_host null",
  ],
  ["a foreign origin", { headers: [...usual, "origin: https://evil.test"] }, "421 invalid_host null"],
  ["no origin to speak of", { headers: [...usual, "origin: null"] }, "421 invalid_host null"],
  [
    "an absolute target",
    { line: "POST http://localhost/v1/chat/completions HTTP/1.1" },
    "421 invalid_host null",
  ],
];

describe("a chat request with", () => {
  for (const [what, sent, expected] of rows) {
    test(`${what} gets ${expected}`, async () => {
      const asked = app.upstream.requests.length;
      const answer = await post(sent);
      assert.equal(refusal(answer), expected);
      assert.match(answer.head, /\r\nx-request-id: \S+/);
      assert.match(answer.head, /x-should-retry: false/);
      assert.equal(app.upstream.requests.length, asked);
    });
  }

  test("more than 10,000 keys gets 400 json_too_complex", async () => {
    const rest = "server: { limits: { body_bytes: 1000000 } }";
    const roomy = await startFaultyApp({ rest });
    try {
      const list = new Array(7).fill(keys).join(",");
      const answer = await roomy.chat(`{"model":"m","messages":[${list}]}`);
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /"code":"json_too_complex"/);
    } finally {
      await roomy.close();
    }
  });

  test("a known host and origin is served", async () => {
    const headers = [
      "host: Assay.Test:8484",
      "content-type: application/json; charset=utf-8",
      "origin: https://app.test",
    ];
    const answer = await post({ headers, body: members({}) });
    assert.equal(answer.status, 200);
    assert.match(answer.head, /access-control-allow-origin: https:\/\/app\.test/);
  });

  test("too long a body in chunks gets 413, though its length was not told", async () => {
    const head = `${[line, ...usual, "transfer-encoding: chunked"].join("\r\n")}\r\n\r\n`;
    const piece = `1000\r\n${"x".repeat(4096)}\r\n`;
    const answer = await send(head, ...new Array(6).fill(piece));
    assert.equal(refusal(answer), "413 request_too_large null");
    // The rest of the body is not read, so the connection cannot serve again.
    assert.match(answer.head, /connection: close/);
  });

  test("a length over the limit is refused before its body came", async () => {
    const answer = await send(`${[line, ...usual, `content-length: ${maxBytes + 1}`].join("\r\n")}\r\n\r\n`);
    assert.equal(refusal(answer), "413 request_too_large null");
    assert.match(answer.head, /connection: close/);
  });

  test("prompt text in it leaves no trace of it in the log", () => {
    assert.ok(!app.logs.join("").includes(secret));
  });
});

describe("a request with", () => {
  test("no route gets 404 in the same shape", async () => {
    const answer = await send("GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert.equal(refusal(answer), "404 not_found null");
  });

  test("no HTTP, a broken header or no host gets 400", async () => {
    const broken = [
      "hello\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nbad header\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
    ];
    for (const bytes of broken) assert.equal(refusal(await send(bytes)), "400 invalid_header null");
    const hostless = await send("GET /v1/models HTTP/1.1\r\n\r\n");
    assert.equal(hostless.status, 400);
  });

  test("headers beyond 16 KiB gets 431", async () => {
    const answer = await send(
      `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-long: ${"x".repeat(20_000)}\r\n\r\n`,
    );
    assert.equal(refusal(answer), "431 invalid_header null");
  });

  test("a foreign host gets nothing passed through", async () => {
    for (const path of ["/v1/models", "/v1/embeddings", "/v1/files"]) {
      const asked = app.upstream.requests.length;
      const answer = await send(`GET ${path} HTTP/1.1\r\nhost: evil.test\r\n\r\n`);
      assert.equal(refusal(answer), "421 invalid_host null");
      assert.equal(app.upstream.requests.length, asked);
    }
  });
});
