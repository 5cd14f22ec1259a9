import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { headerText } from "../../src/core/header-text.ts";

/** As node reads the bytes of a header. */
const asRead = (text: string) => Buffer.from(text, "utf8").toString("latin1");

describe("a header's text", () => {
  test("is what its sender wrote in UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        assert.equal(headerText(asRead(text)), text);
      }),
    );
  });

  test("stays Latin-1 where its bytes are no UTF-8", () => {
    assert.equal(headerText("J\xfcrgen"), "J\xfcrgen");
  });

  test("is undefined where there is no header", () => {
    assert.equal(headerText(undefined), undefined);
  });
});
