import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type FaultyApp, startFaultyApp } from "../faults/fixture.ts";
import { line, postTo, refusal, type Sent, secret, sendTo, usual } from "./bad-input-fixture.ts";

const maxBytes = 20_000;

let app: FaultyApp;
before(async () => {
  const rest = `server: { limits: { body_bytes: ${maxBytes} }, allowed_hosts: [assay.test], cors_origins: ["https://app.test"] }`;
  app = await startFaultyApp({ rest });
});
after(() => app.close());

const send = (...pieces: readonly (string | Buffer)[]) => sendTo(app.app.port, ...pieces);
const post = (sent: Sent) => postTo(app.app.port, sent);

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
  ...["api_base", "API_KEY", "upstream", "url", "headers", "extra_headers", "prompt_file", "file"].map(
    (name): (typeof rows)[number] => [
      `${name} of its own`,
      { body: members({ [name]: secret }) },
      `400 unsupported_parameter ${name}`,
    ],
  ),
  [
    "a header that names an upstream",
    { headers: [...usual, "x-upstream: http://evil.test"] },
    "400 unsupported_parameter x-upstream",
  ],
  ["tools of another type", { body: members({ tools: { a: secret } }) }, "400 invalid_value tools"],
  [
    "a format of another type",
    { body: members({ response_format: secret }) },
    "400 invalid_value response_format",
  ],
  ["metadata of another type", { body: members({ metadata: [secret] }) }, "400 invalid_value metadata"],
  ["no model's name", { body: members({ model: "" }) }, "400 invalid_value model"],
  [
    "a number beyond all numbers",
    { body: '{"model":"m","messages":[],"top_p":1e999}' },
    "400 invalid_value top_p",
  ],
  [
    "a lone surrogate's bytes",
    { body: Buffer.from('{"model":"\xed\xa0\x80","messages":[]}', "latin1") },
    "400 invalid_encoding null",
  ],
  ["another spelling", { body: members({ Stream: true }) }, "400 unsupported_parameter Stream"],
  ["an unknown experiment", { body: members({ model: "experiment/alnoe" }) }, "404 model_not_found model"],
  ["an unknown variant", { body: members({ model: "experiment/alone@x" }) }, "404 model_not_found model"],
  [
    "a bad experiment header",
    { headers: [...usual, `x-assay-experiment: ${"e".repeat(129)}`] },
    "400 invalid_header x-assay-experiment",
  ],
  [
    "a tab in the experiment header",
    { headers: [...usual, "x-assay-experiment: al\tone"] },
    "400 invalid_header x-assay-experiment",
  ],
  [
    "bytes beyond ASCII in the experiment header",
    { headers: [...usual, "x-assay-experiment: \u00e9"] },
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

  test("a name that is nearly one gets told which one was meant", async () => {
    const answer = await post({ body: members({ model: "experiment/alnoe" }) });
    assert.match(answer.body, /Did you mean \\"alone\\"\?/);
  });

  test("a body that does not come gets 408 after 30 s, and its connection is closed", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const asked = send(`${[line, ...usual, "content-length: 100"].join("\r\n")}\r\n\r\n`, secret);
    let isAnswered = false;
    const answered = asked.finally(() => {
      isAnswered = true;
    });
    // The server's timer begins when it has read the head, some turns from now.
    while (!isAnswered) {
      t.mock.timers.tick(30_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answer = await answered;
    assert.equal(refusal(answer), "408 request_timeout null");
    assert.match(answer.head, /connection: close/);
    assert.match(answer.head, /\r\nx-request-id: \S+/);
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
