import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { clientSchemaProblem } from "../../src/core/client-schema.ts";

describe("a schema of a client", () => {
  const refused: [string, unknown, RegExp][] = [
    ["no schema", "text", /^is neither an object nor true or false$/],
    ["a list", [], /^is neither/],
    ["$async", { properties: { a: { $async: true } } }, /^uses \$async at \/properties\/a\/\$async/],
    ["a $ref to the network", { $ref: "http://localhost/s" }, /^refers at \/\$ref to a place outside/],
    ["a $ref to a file", { items: [{ $ref: "file:///etc/passwd" }] }, /^refers at \/items\/0\/\$ref/],
    ["a $dynamicRef elsewhere", { $dynamicRef: "other#node" }, /^refers/],
    ["a $ref in dependencies", { dependencies: { a: { $ref: "other.json" } } }, /^refers/],
    ["a lookahead", { pattern: "^(?=a)b" }, /^has a pattern at \/pattern that cannot be matched/],
    ["a lookbehind", { pattern: "(?<!a)b" }, /^has a pattern/],
    ["a backreference", { pattern: "(a)[(?=]\\1" }, /^has a pattern/],
    ["a lookahead behind a bracket", { pattern: "\\[(?!b)" }, /^has a pattern/],
    ["a property's pattern", { patternProperties: { "(a)\\k<n>": {} } }, /\/patternProperties\/\(a\)/],
    ["too many keys", { properties: Object.fromEntries(keys(5000)) }, /^has more than 5000 keys$/],
    ["a $ref under a name that is a keyword", { properties: { enum: { $ref: "x" } } }, /^refers/],
  ];
  for (const [what, schema, problem] of refused) {
    test(`is refused with ${what}`, () => assert.match(clientSchemaProblem(schema) ?? "", problem));
  }

  const taken: [string, unknown][] = [
    ["true", true],
    ["keywords as names", { properties: { $ref: { type: "string" }, $async: {}, pattern: {} } }],
    [
      "keywords in values",
      { enum: [{ $ref: "http://x" }], default: { $async: true }, const: { pattern: "\\1" } },
    ],
    ["references of its own", { $defs: { a: {} }, anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#" }] }],
    ["a pattern that is slow elsewhere", { pattern: "^(a+)+$" }],
    ["groups and classes that look like lookaround", { pattern: "(?:a)(?<n>b)[(?=]\\(?!\\\\\\\\[\\](?!]" }],
    ["an unclosed class", { pattern: "[(?=a)" }],
  ];
  for (const [what, schema] of taken) {
    test(`is taken with ${what}`, () => assert.equal(clientSchemaProblem(schema), undefined));
  }

  test("is nested 40 levels deep, and no deeper", () => {
    const nested = (depth: number): object => (depth === 1 ? {} : { not: nested(depth - 1) });
    assert.equal(clientSchemaProblem(nested(40)), undefined);
    assert.equal(clientSchemaProblem(nested(41)), "is nested deeper than 40 levels");
  });

  test("gets an answer, whatever it is", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.string(), (text, pattern) => {
        for (const schema of [JSON.parse(text), { pattern }]) {
          assert.match(clientSchemaProblem(schema) ?? "fine", /\S/);
        }
      }),
    );
  });
});

function keys(count: number): [string, object][] {
  return Array.from({ length: count }, (_, key) => [`k${key}`, {}]);
}
