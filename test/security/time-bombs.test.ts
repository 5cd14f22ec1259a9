/** Schemas that were made to take for ever: they get a verdict or none, and the event loop stays free meanwhile. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { openClientSchemas } from "../../src/app-client-schemas.ts";
import type { CheckResult } from "../../src/domain/config.ts";

const silent = () => {};
const { judge, close } = openClientSchemas({
  budgetMs: () => 200,
  now: () => performance.now(),
  log: { info: silent, warn: silent, error: silent },
});
after(close);

interface Judged {
  readonly kind: string;
  /** How often the event loop came round before the verdict. */
  readonly turns: number;
}

async function judged(schema: unknown, value: unknown): Promise<Judged> {
  const source = JSON.stringify(schema);
  const text = value instanceof Written ? value.text : JSON.stringify(value);
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const question = { key: source, source, tool: undefined, text };
  let result = await judge(question);
  // A thread that starts on a machine that has other things to do may take longer than anybody waits.
  for (let again = 0; again < 20 && isBusy(result); again++) result = await judge(question);
  isOver = true;
  return { kind: result.kind, turns };
}

function isBusy(result: CheckResult): boolean {
  return result.kind === "not_evaluated" && result.reason === "busy";
}

/** References that double with each step: 2^depth evaluations. */
function doubling(keyword: "allOf" | "anyOf" | "oneOf", depth: number): object {
  const step = (level: number) => {
    if (level === depth) return { type: "string" };
    const next = { $ref: `#/$defs/d${level + 1}` };
    return { [keyword]: [next, next] };
  };
  const steps = Array.from({ length: depth + 1 }, (_, level) => [`d${level}`, step(level)]);
  return { $defs: Object.fromEntries(steps), $ref: "#/$defs/d0" };
}

const items = Array.from({ length: 20_000 }, (_, index) => ({ index, text: "x" }));
const words = (count: number) => Array.from({ length: count }, (_, index) => `word ${index}`);
/** JSON that no value need be made for here: one of them is deeper than `JSON.stringify` goes. */
class Written {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const nested = (depth: number) => new Written("[".repeat(depth) + "]".repeat(depth));
const objects = (count: number) => new Written(`[${"{},".repeat(count)}1]`);

const bombs: [string, unknown, unknown, string][] = [
  ["a pattern that backtracks", { pattern: "^(a+)+$" }, `${"a".repeat(30)}!`, "fail"],
  [
    "a pattern that backtracks over 1 MB",
    { pattern: "^(a|a)*$" },
    `${"a".repeat(999_000)}!`,
    "fail|not_evaluated",
  ],
  [
    "a property's pattern",
    { patternProperties: { "^(a+)+$": false } },
    { [`${"a".repeat(40)}!`]: 1 },
    "pass",
  ],
  ["20,000 unique objects", { uniqueItems: true }, items, "pass|not_evaluated"],
  ["2^36 of allOf", doubling("allOf", 36), "x", "not_evaluated"],
  ["2^36 of anyOf", doubling("anyOf", 36), 1, "not_evaluated"],
  ["2^36 of oneOf", doubling("oneOf", 36), "x", "not_evaluated"],
  ["an enum of 1 MB", { enum: words(100_000) }, "x", "not_evaluated"],
  ["an enum of 60 KB", { enum: words(4500) }, "x", "fail|not_evaluated"],
  ["a reference to itself", { $ref: "#" }, 1, "not_evaluated"],
  [
    "a circle of references",
    { $defs: { a: { anyOf: [{ $ref: "#/$defs/a" }] } }, $ref: "#/$defs/a" },
    1,
    "not_evaluated",
  ],
  [
    "a tree as deep as its value",
    { type: "array", items: { $ref: "#" } },
    nested(50_000),
    "pass|not_evaluated",
  ],
  ["330,000 empty objects", { title: "empty", uniqueItems: true }, objects(330_000), "fail|not_evaluated"],
  [
    "unevaluated members of all",
    {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      ...doubling("allOf", 36),
      unevaluatedProperties: false,
    },
    { a: 1 },
    "not_evaluated|fail",
  ],
];

describe("a time bomb in a schema", () => {
  for (const [what, schema, value, expected] of bombs) {
    test(`leaves the event loop alone: ${what}`, async () => {
      const { kind, turns } = await judged(schema, value);
      assert.ok(expected.split("|").includes(kind), kind);
      // It blocked, had the loop waited for it.
      assert.ok(turns > 3, `${turns} turns`);
    });
  }

  test("may be the value: one that would take all memory is not handed over", async () => {
    assert.equal((await judged({}, objects(9_000_000))).kind, "not_evaluated");
  });

  test("does not keep others from their verdicts", async () => {
    const known = { type: "object", required: ["a"] };
    await judged(known, { a: 1 });
    const pending = [doubling("allOf", 35), doubling("anyOf", 35)].map((bomb) => judged(bomb, 1));
    const others = await Promise.all(Array.from({ length: 20 }, () => judged(known, {})));
    assert.deepEqual(new Set(others.map(({ kind }) => kind)), new Set(["fail"]));
    await Promise.all(pending);
  });

  test("or any other schema gets a verdict or none, never a fault", async () => {
    const leaf = fc.constantFrom<object>(
      { type: "string" },
      { $ref: "#" },
      { $ref: "#/$defs/a" },
      { pattern: "(a*)*$" },
      { uniqueItems: true },
      { enum: [1, "a"] },
      { $id: "http://x/y", $ref: "y" },
      { $async: true },
      { type: 7 },
    );
    const { schema } = fc.letrec<{ schema: object }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        leaf,
        fc.record({ properties: fc.dictionary(fc.string(), tie("schema"), { maxKeys: 3 }) }),
        fc.record({ allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
        fc.record({ $defs: fc.record({ a: tie("schema") }), $ref: fc.constant("#/$defs/a") }),
        fc.record({ items: tie("schema"), contains: tie("schema") }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(schema, fc.jsonValue(), async (candidate, value) => {
        const { kind } = await judged(candidate, value);
        assert.ok(["pass", "fail", "not_evaluated"].includes(kind));
      }),
      { numRuns: 100 },
    );
  });
});
