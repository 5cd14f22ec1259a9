import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { answerFault } from "../../bench/answers.ts";
import { blankStamp, completionBody, streamChunks } from "../../bench/messages.ts";

const completion = completionBody.toString();
const stream = streamChunks.join("").replaceAll(blankStamp, "@0000001234567890");

describe("answerFault", () => {
  it("passes the upstream's own bytes, whatever time their stamps tell", () => {
    for (const check of ["bytes", "content"] as const) {
      assert.equal(answerFault(completion, false, check), undefined);
      assert.equal(answerFault(stream, true, check), undefined);
    }
  });

  it("finds any one byte that is wrong", () => {
    for (const [body, isStream] of [[completion, false] as const, [stream, true] as const]) {
      const outside = [...body.matchAll(/@\d{16}/g)].map(({ index }) => [index, index + 17] as const);
      fc.assert(
        fc.property(fc.nat(body.length - 1), (at) => {
          fc.pre(!outside.some(([from, to]) => from <= at && at < to));
          const wrong = `${body.slice(0, at)}\u0001${body.slice(at + 1)}`;
          assert.notEqual(answerFault(wrong, isStream, "bytes"), undefined);
        }),
      );
    }
  });

  it("lets a proxy write the JSON anew, but neither words nor tokens differently", () => {
    const anew = (change: (answer: Record<string, unknown>) => object) =>
      answerFault(JSON.stringify(change(JSON.parse(completion)), null, 1), false, "content");
    assert.equal(
      anew((answer) => ({ provider: "openai", ...answer })),
      undefined,
    );
    assert.notEqual(
      anew((answer) => ({ ...answer, usage: undefined })),
      undefined,
    );
    assert.notEqual(
      anew((answer) => ({ ...answer, choices: [] })),
      undefined,
    );
  });

  it("misses an event that a proxy swallowed", () => {
    const short = streamChunks.toSpliced(50, 1).join("");
    assert.notEqual(answerFault(short, true, "content"), undefined);
    assert.notEqual(answerFault(streamChunks.slice(0, -1).join(""), true, "content"), undefined);
  });
});
