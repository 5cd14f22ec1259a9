import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { type FaultyApp, startFaultyApp } from "../faults/fixture.ts";
import { exchange } from "./raw-client.ts";

let app: FaultyApp;
before(async () => {
  app = await startFaultyApp();
});
after(() => app.close());

const dots = fc.constantFrom(
  "..",
  ".",
  "%2e%2E",
  ".%2e",
  "%252e%252e",
  "%25252e%25252e",
  ".%252e",
  "%c0%ae.",
  "%uff0e.",
);
const slashes = fc.constantFrom("/", "/", "/", "%2f", "%252f", "\\", "%5c", "%255c", "//", ";/");
const words = fc.constantFrom(
  "models",
  "files",
  "v1",
  "admin",
  "a-b_c.d~",
  "%61",
  "a%20b",
  "%",
  "%2",
  "%zz",
  "...",
  "\xff",
);
const odd = fc.constantFrom(
  "@evil.test",
  "http://evil.test",
  ":80",
  "#",
  "?",
  "?x=/../..",
  "%00",
  "%0d%0a",
  ";a=b",
  "\x80",
);
const segments = fc.array(
  fc.tuple(fc.oneof({ weight: 2, arbitrary: dots }, { weight: 3, arbitrary: words }), slashes),
  {
    maxLength: 4,
  },
);
const target = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant("/v1/") },
      { weight: 1, arbitrary: fc.constantFrom("/v1", "/v1//", "/", "//evil.test/v1/", "/v1/models/") },
    ),
    segments,
    fc.oneof(
      { weight: 4, arbitrary: fc.constant("") },
      { weight: 1, arbitrary: odd },
      { weight: 4, arbitrary: words },
    ),
  )
  .map(([start, parts, last]) => start + parts.flat().join("") + last);

/** Where a server may come to that decodes once, twice or more before it resolves the dots, or not at all. */
function readings(path: string): readonly string[] {
  const all = [path];
  for (let round = 0; round < 4; round++) {
    const last = all.at(-1) ?? "";
    all.push(last.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))));
  }
  return all.flatMap((one) => [one, one.replaceAll("\\", "/"), one.replace(/;[^/]*/g, "")]);
}

test("whatever path a client writes, nothing outside the upstream's base is asked, and nothing is rewritten", async () => {
  let forwarded = 0;
  await fc.assert(
    fc.asyncProperty(target, async (path) => {
      const asked = app.upstream.requests.length;
      const { answers } = await exchange(
        app.app.port,
        `DELETE ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
        1,
      );
      const arrived = app.upstream.requests.slice(asked).map((request) => request.toString("latin1"));
      assert.ok(answers.length > 0, "an answer");
      if (arrived.length === 0) {
        assert.ok((answers[0]?.status ?? 0) >= 400);
        return;
      }
      forwarded += 1;
      const [line = ""] = (arrived[0] ?? "").split("\r\n");
      assert.deepEqual([arrived.length, line], [1, `DELETE ${path} HTTP/1.1`]);
      const route = path.split(/[?#]/)[0] ?? "";
      for (const reading of readings(route)) {
        const url = new URL(`http://upstream.test${reading}`);
        assert.equal(url.host, "upstream.test");
        assert.ok(`${url.pathname}/`.startsWith("/v1/"), `${reading} leads to ${url.pathname}`);
      }
    }),
    { numRuns: 800 },
  );
  assert.ok(forwarded > 30, `only ${forwarded} were good paths`);
});
