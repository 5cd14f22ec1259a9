import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fuzz, readCorpus } from "./fuzz.ts";
import { mutated, seeded } from "./mutate.ts";
import { fuzzTargets } from "./targets.ts";

/** A second or so for each, whatever its inputs cost; `npm run fuzz` goes on for as long as it is told. */
const runs: Readonly<Record<string, number>> = {
  admin: 250,
  config: 250,
  headers: 4000,
  "held-text": 60,
  "json-scan": 2000,
  outcomes: 3000,
  prompt: 1000,
  sse: 400,
};

describe("no input of strangers breaks", () => {
  for (const [name, make] of Object.entries(fuzzTargets)) {
    test(name, async (t) => {
      const target = await make();
      t.after(() => target.close?.());
      const goesOn = (done: number) => done < (runs[name] ?? assert.fail());
      const result = await fuzz({ target, corpus: readCorpus(name), seed: 20_261_123, goesOn });
      if (result.broken === undefined) return;
      const { input, error } = result.broken;
      assert.fail(`${JSON.stringify(input.toString("latin1"))} breaks it: ${error}`);
    });
  }
});

describe("the fuzzer", () => {
  test("finds what is hidden behind two steps, by the ways that inputs go", async () => {
    const target = {
      words: ["{", "}", "key"],
      check(input: Buffer) {
        const text = input.toString("latin1");
        if (/\{.*key.*\}/.test(text)) throw new Error("found");
        return `${text.includes("{")} ${text.includes("key")}`;
      },
    };
    const result = await fuzz({
      target,
      corpus: [Buffer.from("")],
      seed: 1,
      goesOn: (done) => done < 20_000,
    });
    assert.match(String(result.broken?.error), /found/);
  });

  test("makes the same inputs of the same seed, and others of another", () => {
    const inputs = (seed: number) => {
      const below = seeded(seed);
      const sources = { pool: [Buffer.from("one two three")], words: ["four"] };
      return Array.from({ length: 20 }, () => mutated(sources, below).toString("latin1"));
    };
    assert.deepEqual(inputs(7), inputs(7));
    assert.notDeepEqual(inputs(7), inputs(8));
  });
});
