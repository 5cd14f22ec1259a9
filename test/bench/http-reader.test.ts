import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createAnswerReader } from "../../bench/http-reader.ts";

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
const whole = `${head}Content-Length: 11\r\n\r\nhello world`;
const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`;

describe("createAnswerReader", () => {
  it("reads the same answer however the socket cuts it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(whole, chunked),
        fc.array(fc.integer({ min: 1, max: 40 })),
        (answer, sizes) => {
          const reader = createAnswerReader();
          const ends: boolean[] = [];
          let at = 0;
          for (const size of [...sizes, answer.length]) {
            if (at >= answer.length) break;
            ends.push(reader.read(Buffer.from(answer.slice(at, at + size))));
            at += size;
          }
          assert.equal(reader.status, 200);
          assert.equal(reader.body.toString(), "hello world");
          assert.equal(reader.arrivals.at(-1)?.length, 11);
          assert.deepEqual(ends.indexOf(true), ends.length - 1);
        },
      ),
    );
  });

  it("refuses bytes beyond the announced", () => {
    assert.throws(() => createAnswerReader().read(Buffer.from(`${whole}!`)), /1 bytes beyond/);
  });

  it("refuses what is no HTTP", () => {
    assert.throws(() => createAnswerReader().read(Buffer.from("hello\r\n\r\n")), /unreadable head/);
  });
});
