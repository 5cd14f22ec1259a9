/** Answers by which an upstream, or who sits before it, might get a second one past us. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { completion, type FaultyApp, good, startFaultyApp, statusAnswer } from "../faults/fixture.ts";
import { exchange, type RawExchange } from "./raw-client.ts";

let app: FaultyApp;
before(async () => {
  app = await startFaultyApp();
});
after(() => app.close());

const { length } = Buffer.from(completion);
const fixed = `content-length: ${length}`;
const size = length.toString(16);
const planted =
  "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nset-cookie: planted\r\ncontent-length: 7\r\n\r\nplanted";

function answer(headers: readonly string[], body = completion): string {
  return `${["HTTP/1.1 200 OK", "content-type: application/json", ...headers].join("\r\n")}\r\n\r\n${body}`;
}

function inChunks(end: string, extension = ""): string {
  return answer(["transfer-encoding: chunked"], `${size}${extension}\r\n${completion}\r\n0\r\n${end}\r\n`);
}

const interim = (count: number) =>
  "HTTP/1.1 103 Early Hints\r\nset-cookie: planted\r\n\r\n".repeat(count) + answer([fixed]);

type Rows = Readonly<Record<string, string>>;

/** 502, whichever route asked. */
const refused: Rows = {
  "the same length twice": answer([fixed, fixed]),
  "two lengths": answer([fixed, "content-length: 3"]),
  "a length and chunks": answer(["content-length: 3", "transfer-encoding: chunked"]),
  "a negative length": answer(["content-length: -1"]),
  "a signed length": answer([`content-length: +${length}`]),
  "a coding beside chunked": answer(
    ["transfer-encoding: gzip, chunked"],
    `${size}\r\n${completion}\r\n0\r\n\r\n`,
  ),
  "a coding alone": answer(["transfer-encoding: gzip"]),
  "CR in a header": answer([fixed, "x-request-id: a\rset-cookie: planted"]),
  "LF in a header": answer([fixed, "x-request-id: a\nset-cookie: planted"]),
  "NUL in a header": answer([fixed, "x-request-id: a\0planted"]),
  "a folded header": answer([fixed, "x-request-id: a\r\n planted"]),
  "CR in the first line": answer([fixed]).replace("OK", "OK\rset-cookie: planted"),
  "headers of 40 kB": answer([fixed, `x: ${"y".repeat(40_000)}`]),
  "5,000 headers": answer([...Array.from({ length: 5000 }, (_, at) => `h${at}: 1`), fixed]),
  "another protocol": `HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n${planted}`,
  "100-continue that nobody awaits": `HTTP/1.1 100 Continue\r\n\r\n${answer([fixed])}`,
  "status 99": answer([fixed]).replace("200", "099"),
  "status 600": answer([fixed]).replace("200", "600"),
  "status 999": answer([fixed]).replace("200", "999"),
};

/** Served: what surrounds the answer stays here. */
const served: Rows = {
  "a second answer behind the first": answer([fixed]) + planted,
  "one early hint": interim(1),
  "3,000 early hints": interim(3000),
  "a trailer": inChunks("set-cookie: planted\r\nx-request-id: planted\r\n"),
  "a chunk's extension of 100 kB": inChunks("", `;a=${"planted".repeat(14_000)}`),
  "headers of its hop, its host and its origin": answer([
    fixed,
    "connection: keep-alive, x-request-id",
    "upgrade: h2c",
    "set-cookie: planted",
    'alt-svc: h2="planted:1"',
    "trailer: planted",
    "proxy-authenticate: planted",
    "www-authenticate: planted",
    "strict-transport-security: max-age=1; planted",
    "access-control-allow-origin: planted",
    "location: http://planted.test",
    "refresh: 0; url=http://planted.test",
    "link: <http://planted.test>",
    "x-assay-variant: planted",
    "x-should-retry: planted",
  ]),
  "two content types": answer([fixed, "content-type: text/html; planted"]),
};

const routes = ["/v1/chat/completions", "/v1/moderations"];

for (const route of routes) {
  describe(`POST ${route}: an upstream that sends`, () => {
    for (const [says, bytes] of Object.entries(refused)) {
      test(`${says} is not believed, and the client gets one answer, of ours`, async () => {
        const { answers, rest } = await ask(route, bytes);
        assert.deepEqual([answers.map(({ status }) => status), rest], [[502, 200], ""]);
        assert.match(answers[0]?.body ?? "", /"code":"upstream_/);
        await expectClean(route);
      });
    }

    for (const [says, bytes] of Object.entries(served)) {
      test(`${says} is served without it`, async () => {
        const { answers, rest } = await ask(route, bytes);
        assert.deepEqual([answers.map(({ status }) => status), rest], [[200, 200], ""]);
        assert.doesNotMatch(JSON.stringify(answers), /planted/);
        assert.ok(answers[0]?.body.includes(completion));
        await expectClean(route);
      });
    }

    for (const [says, end] of Object.entries({
      "a length in the trailer": "content-length: 3\r\n",
      "a trailer of 400 kB": `x: ${"y".repeat(400_000)}\r\n`,
    })) {
      test(`${says} is refused, or cut where its answer had begun`, async () => {
        const { answers } = await ask(route, inChunks(end), 1);
        const [first] = answers;
        assert.ok(first === undefined || first.status === 502);
        await expectClean(route);
      });
    }
  });
}

describe("a redirect is not followed", () => {
  for (const status of [300, 301, 302, 303, 307, 308, 399]) {
    for (const [what, route, more] of [
      ["a chat", "/v1/chat/completions", ""],
      ["a stream", "/v1/chat/completions", '"stream":true,'],
      ["a route that is passed through", "/v1/moderations", ""],
      ["a route whose body is read", "/v1/embeddings", ""],
    ] as const) {
      test(`${status} for ${what}`, async () => {
        const { requests, connections } = app.upstream;
        const [asked, stood] = [requests.length, connections()];
        const elsewhere = `location: http://localhost:${app.upstream.port}/v1/planted`;
        const { answers } = await ask(route, statusAnswer(status, "{}", [elsewhere]), 1, more);
        assert.equal(answers[0]?.status, 502);
        assert.match(answers[0]?.body, /"code":"upstream_redirected"/);
        assert.doesNotMatch(JSON.stringify(answers[0]), /planted/);
        assert.equal(requests.length, asked + 1);
        assert.ok(connections() <= stood + 1);
      });
    }
  }
});

function ask(route: string, bytes: string, enough = 1, members = ""): Promise<RawExchange> {
  app.play((socket) => socket.write(Buffer.from(bytes, "latin1")));
  return post(route, enough, members);
}

function post(route: string, enough: number, members = ""): Promise<RawExchange> {
  const body = `{${members}"model":"model-a","messages":[]}`;
  const head = `POST ${route} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json`;
  return exchange(app.app.port, `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`, enough);
}

/** Whatever came before, the next request gets its own answer. */
async function expectClean(route: string): Promise<void> {
  app.play(good);
  const { answers } = await post(route, 1);
  assert.equal(answers[0]?.status, 200);
  assert.ok(answers[0]?.body.includes(completion));
}
