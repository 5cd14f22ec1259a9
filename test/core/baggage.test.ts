import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseBaggage } from "../../src/core/baggage.ts";

describe("parseBaggage", () => {
  const cases: readonly (readonly [name: string, header: string, expected: Record<string, string>])[] = [
    ["members with space around them", "user.id = u1 ,\torg.id=acme", { "user.id": "u1", "org.id": "acme" }],
    ["percent-encoded UTF-8", "user.id=%C3%BCn%C3%AF%20%F0%9F%98%80", { "user.id": "ünï 😀" }],
    ["a value without its properties", "k=v;ttl=5;secure", { k: "v" }],
    ["a value with equals signs", "k=a=b==", { k: "a=b==" }],
    ["an empty value", "k=", { k: "" }],
    ["the last of two equal keys", "k=1,k=2", { k: "2" }],
    ["nothing of an empty header", "", {}],
    ["the others of a member without equals sign", "nonsense,k=v", { k: "v" }],
    ["the others of a member without key", "=x,k=v", { k: "v" }],
    ["the others of a key that is no token", "a b=x,é=x,k=v", { k: "v" }],
    ["the others of a value with forbidden characters", 'a="x",b=x y,c=ü,d=x\\y,k=v', { k: "v" }],
    ["the others of a broken percent-encoding", "a=%,b=%zz,c=%C3,d=%FF,k=v", { k: "v" }],
  ];

  for (const [name, header, expected] of cases) {
    test(`reads ${name}`, () => {
      assert.deepEqual(Object.fromEntries(parseBaggage(header)), expected);
    });
  }

  test("reads back every key and value that was encoded", () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9._-]{0,20}$/);
    const value = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 20, noNullPrototype: true }), (members) => {
        const header = Object.entries(members).map(([name, text]) => `${name}=${encodeURIComponent(text)}`);
        assert.deepEqual(parseBaggage(header.join(", ")), new Map(Object.entries(members)));
      }),
    );
  });

  test("never throws, whatever the header", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (header) => parseBaggage(header).size >= 0));
  });

  test("reads 64 members at most", () => {
    const header = Array.from({ length: 100 }, (_, index) => `k${index}=v`).join(",");
    assert.equal(parseBaggage(header).size, 64);
  });

  test("reads 8,192 bytes at most, and no member that the limit cuts in two", () => {
    const members = parseBaggage(`a=1,b=2,c=${"x".repeat(9_000)},d=3`);
    assert.deepEqual([...members.keys()], ["a", "b"]);
    assert.equal(parseBaggage(`a=${"x".repeat(9_000)}`).size, 0);
  });
});
