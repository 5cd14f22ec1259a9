import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type Edit,
  maxKeys,
  parseMember,
  scanBody,
  scanOwnBody,
  spliceBody,
} from "../../src/core/json-scan.ts";
import { Failure, type FailureCode } from "../../src/domain/failure.ts";

function codeOf(text: string | Buffer): FailureCode | undefined {
  return failureOf(text)?.code;
}

function failureOf(text: string | Buffer): Failure | undefined {
  try {
    scanBody(Buffer.from(text));
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same bytes at each offset of a word, since the scanner reads four at once. */
function shifted(bytes: Buffer): readonly Buffer[] {
  return [0, 1, 2, 3].map((offset) => {
    const room = Buffer.alloc(bytes.length + 4, 0x22);
    bytes.copy(room, offset);
    return room.subarray(offset, offset + bytes.length);
  });
}

const jsonObject = fc.dictionary(
  fc.string({ unit: "binary" }),
  fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }),
);

describe("scanBody", () => {
  test("finds each member's value in the order of the bytes", () => {
    const bytes = Buffer.from(' { "a" : 1 ,"b":[{"a":"}"}], "c":"x\\"y" } ');
    const { members } = scanBody(bytes);
    const found = [...members].map(([name, { start, end }]) => [name, bytes.toString("utf8", start, end)]);
    assert.deepEqual(found, [
      ["a", "1"],
      ["b", '[{"a":"}"}]'],
      ["c", '"x\\"y"'],
    ]);
    assert.equal(bytes.toString("utf8", members.get("b")?.keyStart).slice(0, 3), '"b"');
  });

  test("gives every value of any object as JSON.parse does", () => {
    fc.assert(
      fc.property(jsonObject, fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
        for (const bytes of shifted(Buffer.from(JSON.stringify(value, undefined, indent)))) {
          const { members } = scanBody(bytes);
          const read = [...members].map(([name, member]): [string, unknown] => [
            name,
            parseMember(bytes, member),
          ]);
          assert.deepEqual(Object.fromEntries(read), JSON.parse(bytes.toString()));
        }
      }),
    );
  });

  test("accepts a mutated body exactly when JSON.parse does, but for keys given twice", () => {
    const mutation = fc.record({
      at: fc.nat(),
      remove: fc.nat(2),
      insert: fc.oneof(
        fc.string({
          unit: fc.constantFrom(...'{}[]",:\\/ntu0123456789.eE+- \n\tabf\u0000\u001f\u007fé'),
          maxLength: 3,
        }),
        fc.constantFrom("true", "nul", "1e5", "-0", "01", "\\u00e9", "\\ud800", "\\x", "\ufeff", '"a":1,'),
      ),
    });
    fc.assert(
      fc.property(jsonObject, fc.array(mutation, { minLength: 1, maxLength: 3 }), (value, mutations) => {
        let text = JSON.stringify({ a: [1.5e3, true, null, "x\n"], ...value });
        for (const { at, remove, insert } of mutations) {
          const from = at % (text.length + 1);
          text = text.slice(0, from) + insert + text.slice(from + remove);
        }
        // A lone surrogate has no UTF-8: what is sent is its replacement.
        const bytes = Buffer.from(text);
        const expected = parsed(bytes.toString());
        for (const copy of shifted(bytes)) {
          const failure = failureOf(copy);
          if (failure?.message.includes("twice")) assert.ok(isObject(expected) || expected === undefined);
          else assert.equal(failure === undefined, isObject(expected), `${text} → ${failure?.message}`);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("accepts random bytes exactly when they are UTF-8 and JSON.parse accepts them", () => {
    const jsonish = fc.array(
      fc.constantFrom(...Buffer.from('{}[]",:\\u12e.-+tfnarulse \n'), 0xc3, 0xa9, 0xff),
    );
    fc.assert(
      fc.property(jsonish, (inner) => {
        const bytes = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, ...inner, 0x7d]);
        const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
        const isUtf8 = Buffer.from(text).equals(bytes);
        const failure = failureOf(bytes);
        if (failure?.message.includes("twice")) return;
        assert.equal(failure === undefined, isUtf8 && isObject(parsed(text)), text);
      }),
      { numRuns: 3000 },
    );
  });

  test("tells the place of the fault and nothing of the body", () => {
    const failure = failureOf('{"prompt":"very private",oops}');
    assert.equal(failure?.code, "invalid_json");
    assert.match(failure?.message ?? "", /byte 25 of 30/);
    assert.doesNotMatch(failure?.message ?? "", /private|oops/);
  });

  test("refuses a key given twice, also when one of the two is escaped, and names it", () => {
    for (const text of ['{"model":1,"model":2}', '{"model":1,"mod\\u0065l":2}', '{"é":1,"\\u00e9":2}']) {
      assert.equal(codeOf(text), "invalid_json");
      assert.match(failureOf(text)?.message ?? "", /twice/);
    }
    assert.equal(failureOf('{"model":1,"model":2}')?.details.param, "model");
    assert.equal(codeOf('{"a":{"b":1},"c":{"b":1}}'), undefined);
  });

  test("reads escaped and odd keys as JSON.parse does", () => {
    const { members } = scanBody(Buffer.from('{"mod\\u0065l":1,"__proto__":2,"":3}'));
    assert.deepEqual([...members.keys()], ["model", "__proto__", ""]);
  });

  test("names what is wrong with bodies that are no JSON object", () => {
    const cases: readonly (readonly [string | Buffer, FailureCode])[] = [
      ["", "invalid_json"],
      [" \n", "invalid_json"],
      ["[1]", "invalid_type"],
      ['"text"', "invalid_type"],
      ["12", "invalid_type"],
      ["[1", "invalid_json"],
      ["nul", "invalid_json"],
      ['{"a":1} x', "invalid_json"],
      ['{"a":1}{}', "invalid_json"],
      ["\ufeff{}", "invalid_json"],
      [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), "invalid_encoding"],
      // A surrogate in UTF-8, and an overlong slash.
      [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "invalid_encoding"],
      [Buffer.from([0x22, 0xc0, 0xaf, 0x22]), "invalid_encoding"],
    ];
    for (const [text, code] of cases) assert.equal(codeOf(text), code, String(text));
    assert.match(failureOf("\ufeff{}")?.message ?? "", /byte order mark/);
  });

  test("takes 64 levels and 10,000 keys, and no more", () => {
    const nested = (levels: number): string => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
    const keyed = (keys: number): string =>
      JSON.stringify({ a: Object.fromEntries(Array.from(Array(keys - 1).keys(), (key) => [`k${key}`, 0])) });
    assert.equal(codeOf(nested(64)), undefined);
    assert.equal(codeOf(nested(65)), "json_too_complex");
    assert.equal(codeOf(nested(100_000)), "json_too_complex");
    assert.equal(codeOf(`{"a":${'{"a":'.repeat(64)}1${"}".repeat(65)}`), "json_too_complex");
    assert.equal(codeOf(keyed(10_000)), undefined);
    assert.equal(codeOf(keyed(10_001)), "json_too_complex");
  });

  test("refuses every truncation of a valid body", () => {
    const whole = Buffer.from('{"a":[1.5e-3,true,null,"x\\u00e9\\n"],"b":{"c":"déjà vu"}}');
    for (let length = 0; length < whole.length; length += 1) {
      for (const cut of shifted(whole.subarray(0, length)))
        assert.notEqual(codeOf(cut), undefined, String(cut));
    }
    assert.equal(codeOf(whole), undefined);
  });

  test("sees a control character at any place of a long string", () => {
    for (let at = 0; at < 24; at += 1) {
      for (const control of ["\n", "\u0000", "\u001f"]) {
        const text = `{"a":"${"x".repeat(at)}${control}${"é".repeat(12)}"}`;
        for (const bytes of shifted(Buffer.from(text))) assert.equal(codeOf(bytes), "invalid_json");
      }
    }
  });
});

describe("scanOwnBody", () => {
  test("takes a body that we made longer than a client's may be", () => {
    const members = Array.from({ length: maxKeys }, (_, index) => `"k${index}":${index}`);
    const ours = Buffer.from(`{${members.join(",")},"stream_options":{"include_usage":true}}`);
    assert.throws(() => scanBody(ours), /keys/);
    assert.equal(scanOwnBody(ours).members.size, maxKeys + 1);
  });
});

describe("spliceBody", () => {
  const splice = (text: string, edits: Readonly<Record<string, string | undefined>>): string => {
    const bytes = Buffer.from(text);
    const pairs = Object.entries(edits).map(([name, value]): [string, Buffer | undefined] => [
      name,
      value === undefined ? undefined : Buffer.from(value),
    ]);
    return spliceBody(bytes, scanBody(bytes).members, new Map(pairs)).toString();
  };

  test("replaces, removes and adds, and leaves all other bytes alone", () => {
    const text = '{ "a": 1.0, "b" :2,\n"c":"\\u0078" }';
    assert.equal(splice(text, { b: "[]" }), '{ "a": 1.0, "b" :[],\n"c":"\\u0078" }');
    assert.equal(splice(text, { a: undefined }), '{ "b" :2,\n"c":"\\u0078" }');
    assert.equal(splice(text, { b: undefined }), '{ "a": 1.0,\n"c":"\\u0078" }');
    assert.equal(splice(text, { c: undefined }), '{ "a": 1.0, "b" :2 }');
    assert.equal(splice(text, { d: "true" }), '{ "a": 1.0, "b" :2,\n"c":"\\u0078","d":true }');
    assert.equal(splice(text, { a: undefined, b: undefined, c: undefined }), "{  }");
    assert.equal(splice(text, { a: undefined, b: undefined, c: undefined, d: "0" }), '{ "d":0 }');
    assert.equal(splice(" { } ", { a: "1", b: "2" }), ' {"a":1,"b":2 } ');
  });

  test("gives the same Buffer when nothing changes", () => {
    const bytes = Buffer.from('{"a":1,"b":"x"}');
    const { members } = scanBody(bytes);
    assert.equal(spliceBody(bytes, members, new Map()), bytes);
    assert.equal(spliceBody(bytes, members, new Map([["z", undefined]])), bytes);
    assert.equal(spliceBody(bytes, members, new Map([["b", Buffer.from('"x"')]])), bytes);
  });

  test("puts bytes into a value beside other edits", () => {
    const bytes = Buffer.from('{"a":1,"b":[2],"c":3}');
    const { members } = scanBody(bytes);
    const at = (members.get("b")?.start ?? 0) + 1;
    const edits = new Map<string, Edit>([
      ["a", Buffer.from("10")],
      ["b", { at, insert: Buffer.from("1,") }],
      ["c", undefined],
      ["d", Buffer.from("4")],
      // Nothing can be put into what is not there.
      ["e", { at, insert: Buffer.from("9,") }],
    ]);
    assert.equal(spliceBody(bytes, members, edits).toString(), '{"a":10,"b":[1,2],"d":4}');
  });

  test("does to the bytes what an edit does to the value", () => {
    const key = fc.constantFrom("a", "b", "c", "d", "e", "é");
    const value = fc.jsonValue({ maxDepth: 2 });
    const edit = fc.record({ name: key, value: fc.option(value, { nil: undefined }) });
    fc.assert(
      fc.property(
        fc.dictionary(key, value),
        fc.array(edit),
        fc.constantFrom(undefined, 2),
        (body, edits, indent) => {
          const text = JSON.stringify(body, undefined, indent);
          const expected: Record<string, unknown> = JSON.parse(text);
          const last = new Map(edits.map((one) => [one.name, one.value]));
          for (const [name, wanted] of last) {
            if (wanted === undefined) delete expected[name];
            else expected[name] = wanted;
          }
          const encoded = [...last].map(([name, wanted]): [string, string | undefined] => [
            name,
            wanted === undefined ? undefined : JSON.stringify(wanted),
          ]);
          const spliced = splice(text, Object.fromEntries(encoded));
          assert.deepEqual(JSON.parse(spliced), JSON.parse(JSON.stringify(expected)));
          assert.deepEqual(
            [...scanBody(Buffer.from(spliced)).members.keys()].sort(),
            Object.keys(expected).sort(),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });
});
