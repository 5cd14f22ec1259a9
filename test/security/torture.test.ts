/** Requests that servers are known to read in two ways, byte by byte, on the route that reads bodies and on one that streams them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type FaultyApp, startFaultyApp } from "../faults/fixture.ts";
import { bodyOf } from "../support/hostile-upstream.ts";
import { exchange } from "./raw-client.ts";

let app: FaultyApp;
before(async () => {
  app = await startFaultyApp();
});
after(() => app.close());

const body = '{"model":"model-a","messages":[]}';
const { length } = body;
const size = length.toString(16);
const end = "0\r\n\r\n";
const chunks = `${size}\r\n${body}\r\n${end}`;
const fixed = [`content-length: ${length}`];
const chunked = ["transfer-encoding: chunked"];
const smuggled = "GET /v1/smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n";

interface Row {
  readonly says: string;
  readonly headers?: readonly string[];
  /** In place of the usual head. */
  readonly head?: string;
  readonly body?: string;
}

type Table = readonly Row[];

/** 4xx, the connection closed, nothing upstream: also not of the request that stands behind it. */
const refused: Table = [
  // Two ways to tell the end of a body.
  { says: "a length and chunks", headers: [...fixed, ...chunked], body: end + smuggled },
  { says: "chunks and a length", headers: [...chunked, "content-length: 4"], body: chunks },
  ...[
    "xchunked",
    "identity",
    "gzip, chunked",
    "chunked, gzip",
    "chunked, chunked",
    "chunked, identity",
    "\x0bchunked",
    '"chunked"',
    "chunked;q=1",
    "\r\n chunked",
    "chunk",
  ].map((coding) => ({
    says: `the transfer-encoding ${JSON.stringify(coding)}`,
    headers: [`transfer-encoding: ${coding}`],
    body: chunks,
  })),
  { says: "a space before the colon of it", headers: ["transfer-encoding : chunked"], body: chunks },
  { says: "two transfer-encodings", headers: [...chunked, "transfer-encoding: identity"], body: chunks },
  { says: "a folded one beside a length", headers: [...fixed, "transfer-encoding:\r\n chunked"], body },
  { says: "one behind a bare CR", headers: [...fixed, "x-a: b\rtransfer-encoding: chunked"], body },
  // Lengths.
  { says: "the same length twice", headers: [...fixed, ...fixed], body },
  { says: "two lengths", headers: [...fixed, "content-length: 0"], body },
  ...[
    `${length}, ${length}`,
    "-1",
    `+${length}`,
    `0x${size}`,
    "3 3",
    "1e2",
    "",
    `\r\n ${length}`,
    "99999999999999999999999",
    "18446744073709551649",
  ].map((text) => ({
    says: `the content-length ${JSON.stringify(text)}`,
    headers: [`content-length: ${text}`],
    body,
  })),
  // Lines.
  { says: "bare LF for every line end", head: usualHead(fixed).replaceAll("\r\n", "\n"), body },
  {
    says: "a bare LF between two headers",
    head: usualHead(["x-a: b", ...fixed]).replace("b\r\n", "b\n"),
    body,
  },
  { says: "a folded header", headers: ["x-a: b\r\n content-length: 0", ...fixed], body },
  { says: "a header folded by a tab", headers: ["accept: b\r\n\tfolded", ...fixed], body },
  { says: "a space before a colon", headers: ["x-a : b", ...fixed], body },
  { says: "a space before the first header", head: "GET /v1/models HTTP/1.1\r\n host: localhost\r\n\r\n" },
  { says: "NUL in a value", headers: ["x-a: b\0c", ...fixed], body },
  { says: "NUL in a name", headers: ["x\0a: b", ...fixed], body },
  { says: "a header without a name", headers: [": b", ...fixed], body },
  { says: "a header without a colon", headers: ["x-a", ...fixed], body },
  // Chunks.
  ...[
    ["without a size", `\r\n${body}\r\n${end}`],
    ["of a negative size", `-1\r\n${body}\r\n${end}`],
    ["of a signed size", `+${size}\r\n${body}\r\n${end}`],
    ["of a size with 0x", `0x${size}\r\n${body}\r\n${end}`],
    ["of a size that is no number", `zz\r\n${body}\r\n${end}`],
    ["of a size with a space", `${size} \r\n${body}\r\n${end}`],
    ["of a size beyond 64 bits", `1${"0".repeat(16)}\r\n${body}\r\n${end}`],
    ["without CRLF behind it", `${size}\r\n${body}${end}`],
    ["longer than its size", `${size}\r\n${body}xx\r\n${end}`],
    ["with bare LFs", `${size}\n${body}\n0\n\n`],
    ["with an extension that a bare LF ends", `${size};a\n${body}\r\n${end}`],
    ["with an extension of 20 kB", `${size};a=${"x".repeat(20_000)}\r\n${body}\r\n${end}`],
    ["with a length in the trailer", `${size}\r\n${body}\r\n0\r\ncontent-length: 9\r\n\r\n`],
    ["with a transfer-encoding in the trailer", `${size}\r\n${body}\r\n0\r\n${chunked}\r\n\r\n`],
    ["with a trailer of 20 kB", `${size}\r\n${body}\r\n0\r\nx-t: ${"y".repeat(20_000)}\r\n\r\n`],
  ].map(([what = "", text = ""]) => ({ says: `a chunk ${what}`, headers: chunked, body: text })),
  // The request line and the host.
  ...[
    ["HTTP/2.0", "POST /v1/moderations HTTP/2.0\r\nhost: localhost"],
    ["HTTP/1.2", "POST /v1/moderations HTTP/1.2\r\nhost: localhost"],
    ["HTTP/0.9 by name", "GET /v1/moderations HTTP/0.9\r\nhost: localhost"],
    ["HTTP/0.9 by form", "GET /v1/moderations"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM"],
    ["another protocol's name", "POST /v1/moderations ICE/1.0\r\nhost: localhost"],
    ["the protocol in lower case", "POST /v1/moderations http/1.1\r\nhost: localhost"],
    ["a tunnel", "CONNECT evil.test:80 HTTP/1.1\r\nhost: evil.test:80"],
    ["the address of another host", "GET http://evil.test/v1/models HTTP/1.1\r\nhost: localhost"],
    ["the address of this host", "GET http://localhost/v1/models HTTP/1.1\r\nhost: localhost"],
    ["no host", "GET /v1/models HTTP/1.1"],
    ["no host in HTTP/1.0", "GET /v1/models HTTP/1.0"],
    ["an empty host", "GET /v1/models HTTP/1.1\r\nhost:"],
    ["two hosts", "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nhost: evil.test"],
    ["the same host twice", "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nhost: localhost"],
    ["a list of hosts", "GET /v1/models HTTP/1.1\r\nhost: localhost, evil.test"],
    ["a user before its host", "GET /v1/models HTTP/1.1\r\nhost: evil.test@localhost"],
    ["a broken method", "PO(ST /v1/moderations HTTP/1.1\r\nhost: localhost"],
    ["tabs in its first line", "GET\t/v1/moderations\tHTTP/1.1\r\nhost: localhost"],
    ["a space in its target", "GET /v1/moderations /x HTTP/1.1\r\nhost: localhost"],
    ["a target of 20 kB", `GET /v1/${"x".repeat(20_000)} HTTP/1.1\r\nhost: localhost`],
  ].map(([what = "", head = ""]) => ({ says: what, head: `${head}\r\n\r\n` })),
  { says: "chunks in HTTP/1.0", head: usualHead(chunked).replace("HTTP/1.1", "HTTP/1.0"), body: chunks },
  { says: "an expectation nobody knows", headers: ["expect: 200-maybe", ...fixed], body },
  { says: "3,000 headers", headers: [...Array.from({ length: 3000 }, (_, at) => `h${at}:`), ...fixed], body },
  { says: "one header of 20 kB", headers: [`x-a: ${"y".repeat(20_000)}`, ...fixed], body },
];

/** Odd, yet of one meaning: served once, unchanged, and the connection serves on. */
const served: Table = [
  { says: "a length", headers: fixed, body },
  { says: "chunks", headers: chunked, body: chunks },
  { says: "TRANSFER-ENCODING: CHUNKED", headers: ["TRANSFER-ENCODING:\tCHUNKED"], body: chunks },
  { says: "a length padded by zeros and spaces", headers: [`content-length:  000${length} `], body },
  { says: "a length's name with an underscore", headers: ["content_length: 5", ...fixed], body },
  { says: "many chunks", headers: chunked, body: [...body].map((one) => `1\r\n${one}\r\n`).join("") + end },
  {
    says: "a chunk with an extension",
    headers: chunked,
    body: `${size};a=b;c="d"\r\n${body}\r\n0;last\r\n\r\n`,
  },
  { says: "a size with thirty zeros", headers: chunked, body: `${"0".repeat(30)}${chunks}` },
  {
    says: "a trailer",
    headers: [...chunked, "trailer: authorization, host"],
    body: `${chunks.slice(0, -2)}authorization: Bearer stolen\r\nhost: evil.test\r\nx-request-id: 1\r\n\r\n`,
  },
  { says: "empty lines before it", head: `\r\n\r\n${usualHead(fixed)}`, body },
  { says: "100-continue", headers: ["expect: 100-continue", ...fixed], body },
  { says: "an upgrade to h2c", headers: upgrade("h2c"), body },
  { says: "an upgrade to websocket", headers: upgrade("websocket"), body },
  {
    says: "headers of this hop, and a client's own credentials",
    headers: [
      ...fixed,
      "connection: keep-alive, content-length, content-type, x-a",
      "keep-alive: timeout=5",
      "proxy-connection: keep-alive",
      "proxy-authorization: Basic stolen",
      "te: trailers",
      "x-a: b",
      "x-forwarded-host: evil.test",
      "forwarded: host=evil.test",
      "cookie: stolen",
      "authorization: Bearer stolen",
      "x-http-method-override: DELETE",
      "x-original-url: /smuggled",
    ],
    body,
  },
  {
    says: "HTTP/1.0 that keeps its connection",
    head: usualHead([...fixed, "connection: keep-alive"]).replace("1.1", "1.0"),
    body,
  },
];

for (const route of ["/v1/chat/completions", "/v1/moderations"]) {
  describe(`POST ${route} with`, () => {
    for (const row of refused) {
      test(`${row.says} is refused, and what follows it too`, async () => {
        const asked = upstreamState();
        const { answers, rest } = await send(route, row, {
          more: smuggled,
          enough: Number.POSITIVE_INFINITY,
        });
        assert.deepEqual([answers.length, rest], [1, ""]);
        const [answer = assert.fail()] = answers;
        assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
        assert.match(answer.head, /\r\nconnection: close(\r\n|$)/);
        assert.match(answer.head, /\r\nx-request-id: \S+/);
        assert.deepEqual(Object.keys(JSON.parse(answer.body).error), ["message", "type", "param", "code"]);
        const { requests, bytes } = upstreamState();
        assert.equal(requests, asked.requests);
        // Where bodies are streamed a part of one may have left before its fault came; its connection is cut, never ended.
        if (route !== "/v1/moderations") assert.equal(bytes, asked.bytes);
      });
    }

    for (const row of served) {
      test(`${row.says} is served once, and arrives unchanged`, async () => {
        const { requests, bytes } = upstreamState();
        const { answers, rest } = await send(route, row, { enough: 1 });
        assert.deepEqual([answers.map(({ status }) => status), rest], [[200, 200], ""]);
        const arrived = app.upstream.requests.slice(requests);
        expectSame(route, arrived);
        assert.equal(upstreamState().bytes - bytes, arrived[0]?.length, "and not a byte more");
      });
    }

    test("three requests in one packet is three requests, answered in order", async () => {
      const { requests } = upstreamState();
      const three = { body: body + (head(route, fixed) + body).repeat(2), headers: fixed };
      const { answers, rest } = await send(route, { says: "", ...three }, { enough: 3 });
      assert.deepEqual([answers.map(({ status }) => status), rest], [[200, 200, 200, 200], ""]);
      expectSame(route, app.upstream.requests.slice(requests), 3);
    });

    test("bytes behind its body ends the connection; nothing else goes upstream", async () => {
      const { requests } = upstreamState();
      const { answers } = await send(
        route,
        { says: "", headers: fixed, body: `${body}XX\r\n\r\n${smuggled}` },
        { enough: Number.POSITIVE_INFINITY },
      );
      assert.deepEqual(
        answers.map(({ status }) => status),
        [400],
      );
      assert.ok(app.upstream.requests.length - requests <= 1);
    });
  });
}

test("a target that would be another host's address elsewhere is a path without a route", async () => {
  const asked = upstreamState();
  for (const [target, expected] of [
    ["//evil.test/v1/models", "not_found"],
    ["/\\\\evil.test/v1/models", "invalid_value"],
    ["/v1", "not_found"],
    ["/v1x/models", "not_found"],
  ] as const) {
    const { answers } = await exchange(app.app.port, `GET ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`, 1);
    const [answer = assert.fail(), after] = answers;
    assert.equal(JSON.parse(answer.body).error.code, expected, target);
    assert.match(answer.head, /\r\nx-request-id: \S+/);
    assert.equal(after?.status, 200);
  }
  assert.deepEqual(upstreamState(), asked);
});

describe("a method without a body", () => {
  for (const method of ["GET", "HEAD", "DELETE"]) {
    test(`${method} that has one does not reach the upstream, which may take it for a request`, async () => {
      const asked = upstreamState();
      const target = `${method} /v1/files/a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n`;
      for (const framed of [
        `content-length: ${smuggled.length}\r\n\r\n${smuggled}`,
        `transfer-encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n${end}`,
      ]) {
        const { answers } = await exchange(app.app.port, target + framed, Number.POSITIVE_INFINITY);
        if (method !== "HEAD")
          assert.deepEqual(
            answers.map(({ status }) => status),
            [400],
          );
      }
      assert.deepEqual(upstreamState(), asked);
    });
  }
});

function usualHead(headers: readonly string[]): string {
  return head("ROUTE", headers);
}

function head(route: string, headers: readonly string[]): string {
  const lines = [`POST ${route} HTTP/1.1`, "host: localhost", "content-type: application/json", ...headers];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function upgrade(protocol: string): readonly string[] {
  return [
    ...fixed,
    "connection: upgrade, http2-settings",
    `upgrade: ${protocol}`,
    "http2-settings: AAMAAABk",
  ];
}

function send(route: string, row: Row, { more = "", enough }: { more?: string; enough: number }) {
  const before = (row.head ?? usualHead(row.headers ?? [])).replace("ROUTE", route);
  return exchange(app.app.port, before + (row.body ?? "") + more, enough);
}

function upstreamState(): { readonly requests: number; readonly bytes: number } {
  return { requests: app.upstream.requests.length, bytes: app.upstream.bytesRead() };
}

/** What we send and no more: whatever else a client says is its own. */
const ours = new Set([
  "host",
  "connection",
  "content-type",
  "content-length",
  "transfer-encoding",
  "accept-encoding",
  "traceparent",
  "tracestate",
]);

function expectSame(route: string, requests: readonly Buffer[], count = 1): void {
  assert.equal(requests.length, count);
  for (const request of requests) {
    const [line = "", ...headers] = (request.toString("latin1").split("\r\n\r\n")[0] ?? "").split("\r\n");
    assert.equal(line, `POST ${route} HTTP/1.1`);
    const names = headers.map((header) => header.slice(0, header.indexOf(":")).toLowerCase());
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      names.filter((name) => !ours.has(name)),
      [],
    );
    assert.ok(!(names.includes("content-length") && names.includes("transfer-encoding")));
    assert.ok(headers.includes("connection: keep-alive") || !names.includes("connection"));
    assert.equal(bodyOf(request).toString("latin1"), body);
    assert.doesNotMatch(request.toString("latin1"), /stolen|evil/);
  }
}
