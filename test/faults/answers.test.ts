import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { wholeAnswer } from "../support/hostile-upstream.ts";
import {
  attemptsOf,
  completion,
  type FaultyApp,
  good,
  hello,
  openStream,
  startFaultyApp,
  statusAnswer,
  terminals,
  upstreamError,
} from "./fixture.ts";

let app: FaultyApp;
before(async () => {
  app = await startFaultyApp();
});
after(() => app.close());

interface Row {
  readonly fault: string;
  /** What the upstream writes; then it closes the connection, or lets it be. */
  readonly bytes: string | Buffer;
  readonly closes?: boolean;
  readonly status: number;
  /** In the record; the client's answer has it too, unless it is the upstream's own. */
  readonly code: string;
  readonly attempts?: number;
  readonly body?: string;
}

const rateLimit = upstreamError("rate_limit_exceeded");
const quota = upstreamError("insufficient_quota");

/** The same for whole answers and for streams: nothing of the answer can be served. */
const rows: readonly Row[] = [
  {
    fault: "a redirect",
    bytes: statusAnswer(307, "", ["location: http://127.0.0.1:1/elsewhere"]),
    status: 502,
    code: "upstream_redirected",
  },
  {
    fault: "gzip although identity was asked for",
    bytes: Buffer.concat([
      Buffer.from(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${gzipSync(completion).length}\r\n\r\n`,
      ),
      gzipSync(completion),
    ]),
    status: 502,
    code: "upstream_encoding_refused",
  },
  {
    fault: "no HTTP",
    bytes: "SSH-2.0-OpenSSH_9.6\r\n\r\n",
    status: 502,
    code: "upstream_malformed_response",
  },
  {
    fault: "headers without end",
    bytes: `HTTP/1.1 200 OK\r\nx-long: ${"x".repeat(100_000)}`,
    status: 502,
    code: "upstream_response_too_large",
  },
  {
    fault: "a body without end",
    bytes: `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${" ".repeat(300_000)}`,
    status: 502,
    code: "upstream_response_too_large",
  },
  {
    fault: "5xx for long",
    bytes: statusAnswer(503, upstreamError("unavailable")),
    status: 503,
    code: "upstream_error",
    attempts: 3,
    body: upstreamError("unavailable"),
  },
  {
    fault: "a rate limit that lasts longer than the cap",
    bytes: statusAnswer(429, rateLimit, ["retry-after: 60"]),
    status: 429,
    code: "upstream_rate_limited",
    body: rateLimit,
  },
  {
    fault: "an exhausted quota",
    bytes: statusAnswer(429, quota, ["retry-after-ms: 1"]),
    status: 429,
    code: "upstream_quota_exhausted",
    body: quota,
  },
  {
    fault: "a refusal of our key",
    bytes: statusAnswer(401, upstreamError("invalid_api_key")),
    status: 502,
    code: "upstream_unauthorized",
  },
  {
    fault: "a model that it does not know",
    bytes: statusAnswer(404, upstreamError("model_not_found")),
    status: 404,
    code: "upstream_model_not_found",
    body: upstreamError("model_not_found"),
  },
  {
    fault: "an error inside a 200",
    bytes: wholeAnswer(upstreamError("server_error")),
    status: 500,
    code: "upstream_error",
    attempts: 3,
    body: upstreamError("server_error"),
  },
];

describe("an upstream that answers with", () => {
  for (const row of rows) {
    test(row.fault, async () => {
      app.play((socket) => socket.write(row.bytes));
      for (const stream of [false, true]) {
        const alone = await app.ask("alone", { stream });
        assert.deepEqual([alone.status, alone.record.errorType], [row.status, row.code]);
        if (row.body === undefined) assert.equal(alone.code, row.code);
        else assert.equal(alone.text, row.body);
        assert.equal(alone.headers["x-should-retry"], "false");
        assert.match(String(alone.headers["content-type"]), /^application\/json/);
        const causes = alone.record.attempts.map(({ cause }) => cause);
        assert.deepEqual(causes, new Array(row.attempts ?? 1).fill(row.code));

        const rescued = await app.ask("rescued", { stream });
        assert.equal(rescued.status, 200);
        assert.equal(rescued.record.fallback?.cause, row.code);
        assert.equal(attemptsOf(rescued.record).at(-1), "spare/model-b fallback ok");
        assert.deepEqual(terminals(rescued.text), { done: stream ? 1 : 0, errors: 0 });
      }
    });
  }

  test("a 400 that the request earned: it passes byte for byte, and nobody else is asked", async () => {
    const body = upstreamError("context_length_exceeded");
    app.play((socket) => socket.write(statusAnswer(400, body)));
    for (const stream of [false, true]) {
      const told = await app.ask("rescued", { stream });
      assert.deepEqual([told.status, told.text], [400, body]);
      assert.deepEqual(attemptsOf(told.record), ["test/model-a initial upstream_rejected"]);
      assert.deepEqual([told.record.outcome, told.record.errorType], ["client_error", "upstream_rejected"]);
    }
  });
});

describe("a whole answer that", () => {
  const half = completion.slice(0, 60);
  const faults = [
    { fault: "is cut, its length told", bytes: wholeAnswer(completion).slice(0, -40) },
    { fault: "is cut, its length not told", bytes: `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${half}` },
    { fault: "is no JSON", bytes: wholeAnswer("<html>busy</html>") },
    { fault: "is no completion", bytes: wholeAnswer('{"object":"list","data":[]}') },
    { fault: "is no object", bytes: wholeAnswer("null") },
    { fault: "is empty", bytes: wholeAnswer("") },
  ];
  for (const [index, { fault, bytes }] of faults.entries()) {
    test(`${fault} is a 502, and another target may rescue it`, async () => {
      app.play((socket) => socket.end(bytes));
      const code = index === 0 ? "upstream_stream_interrupted" : "upstream_malformed_response";
      const alone = await app.ask("alone");
      assert.deepEqual([alone.status, alone.code], [502, code]);
      assert.deepEqual(attemptsOf(alone.record), [`test/model-a initial ${code}`]);
      const rescued = await app.ask("rescued");
      assert.deepEqual([rescued.status, rescued.record.fallback?.cause], [200, code]);
    });
  }

  test("answers a request for a stream is a 502: what it is cannot be relayed", async () => {
    app.play((socket) => socket.write(wholeAnswer(completion)));
    const told = await app.ask("alone", { stream: true });
    assert.deepEqual([told.status, told.code], [502, "upstream_malformed_response"]);
  });

  test("stalls in its middle is a 504, and another target may rescue it", async () => {
    app.play((socket) => socket.write(wholeAnswer(completion).slice(0, -40)));
    const alone = await app.ask("alone");
    assert.deepEqual([alone.status, alone.code, alone.record.outcome], [504, "upstream_stalled", "timeout"]);
    assert.equal((await app.ask("rescued")).record.fallback?.cause, "upstream_stalled");
  });
});

describe("a refusal that passes soon", () => {
  /** Refuses once, then answers well. */
  const refuseOnce = (bytes: string) => {
    let refused = false;
    app.play((socket, request) => {
      if (refused) good(socket, request);
      else socket.write(bytes);
      refused = true;
    });
  };

  test("is asked again when the upstream says, in its own words' order", async () => {
    for (const [headers, waited] of [
      [["retry-after-ms: 20", "retry-after: 9"], 20],
      [["retry-after: 0.03", "x-ratelimit-reset-requests: 9s"], 30],
      [["x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: 10ms"], 10],
    ] as const) {
      for (const stream of [false, true]) {
        refuseOnce(statusAnswer(429, rateLimit, headers));
        const told = await app.ask("alone", { stream });
        assert.equal(told.status, 200);
        assert.deepEqual(attemptsOf(told.record), [
          "test/model-a initial upstream_rate_limited",
          "test/model-a retry ok",
        ]);
        assert.deepEqual(
          told.record.attempts.map(({ backoffMs }) => backoffMs),
          [0, waited],
        );
        assert.ok(told.record.latencyMs >= waited);
      }
    }
  });

  test("with a 5xx is asked again after a wait of our own", async () => {
    for (const status of [500, 502, 503, 529, 408, 409, 425]) {
      refuseOnce(statusAnswer(status, upstreamError("busy")));
      const told = await app.ask("alone");
      assert.deepEqual(attemptsOf(told.record), [
        "test/model-a initial upstream_error",
        "test/model-a retry ok",
      ]);
      assert.ok((told.record.attempts[1]?.backoffMs ?? 99) <= 5);
    }
  });

  test("tells its time to the client when it is not waited for", async () => {
    app.play((socket) => socket.write(statusAnswer(429, rateLimit, ["retry-after: 60"])));
    const told = await app.ask("alone");
    assert.deepEqual([told.headers["retry-after"], told.headers["x-should-retry"]], ["60", "false"]);
    const spent = ["x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 1m30s"];
    app.play((socket) => socket.write(statusAnswer(429, rateLimit, spent)));
    const reset = await app.ask("alone");
    assert.deepEqual([reset.headers["retry-after"], reset.headers["retry-after-ms"]], ["90", "90000"]);
  });
});

describe("the connection after a fault", () => {
  test("is not used again: what is left on it is no answer to the next request", async () => {
    app.play((socket) => socket.write(openStream(hello, 'data: {"error":{"message":"no"}}\n\n')));
    await app.ask("alone", { stream: true });
    app.play(good);
    const told = await app.ask("alone");
    assert.deepEqual([told.status, told.text], [200, completion]);
    assert.deepEqual(attemptsOf(told.record), ["test/model-a initial ok"]);
  });
});
