import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { jsonLiterals } from "../../src/guardrails/json-literals.ts";

/** The string with every character as an escape, or every second one. */
function escaped(text: string, every: number): string {
  const units = Array.from({ length: text.length }, (_, at) => {
    const code = text.charCodeAt(at);
    const isPlain = at % every !== 0 && code >= 0x20 && code !== 0x22 && code !== 0x5c;
    return isPlain ? text.charAt(at) : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${units.join("")}"`;
}

describe("the strings and numbers of a JSON text", () => {
  test("are all of them, keys too, in order", () => {
    const json = '{"a": [1, -2.5e3, "x:y", {"b" : null}], "c": "\\"", "d": true}';
    assert.deepEqual(
      jsonLiterals(json)?.map(({ text, key, start, end }) => [text, key, json.slice(start, end)]),
      [
        ["a", undefined, '"a"'],
        ["1", "a", "1"],
        ["-2.5e3", "a", "-2.5e3"],
        ["x:y", "a", '"x:y"'],
        ["b", undefined, '"b"'],
        ["c", undefined, '"c"'],
        ['"', "c", '"\\""'],
        ["d", undefined, '"d"'],
      ],
    );
  });

  test("are none in what is no JSON", () => {
    for (const text of ["", "{", '"a', "plain text", "{'a': 1}"]) assert.equal(jsonLiterals(text), undefined);
  });

  test("tell where each character is written, whatever is escaped", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        fc.nat(),
        (text, every, one, other) => {
          const json = `["before", ${escaped(text, every)}]`;
          const literal = jsonLiterals(json)?.[1];
          assert.ok(literal);
          assert.equal(literal.text, text);
          const [start = 0, end = 0] = [one, other]
            .map((n) => n % (text.length + 1))
            .toSorted((a, b) => a - b);
          const written = json.slice(literal.writtenAt(start), literal.writtenAt(end));
          assert.equal(JSON.parse(`"${written}"`), text.slice(start, end));
        },
      ),
    );
  });

  test("take linear time of a string of escapes", () => {
    const text = "é\n".repeat(50_000);
    const literal = jsonLiterals(escaped(text, 1))?.[0];
    assert.equal(literal?.text, text);
    for (let at = 0; at <= text.length; at += 1) assert.equal(literal?.writtenAt(at), 1 + 6 * at);
  });
});
