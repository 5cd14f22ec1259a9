/** Texts of megabytes: what is found in them, and how long others wait for it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Canceller } from "../../src/core/canceller.ts";
import type { GuardrailCheck } from "../../src/domain/guardrail.ts";
import { checkOf, input, spansOf } from "./check-fixture.ts";

const settings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  patterns: { banned: ["acme-\\d+", "^begin", "end$"] },
  personal_data: {},
  secrets: {},
  topics: { banned: { trains: ["train station"] } },
  prompt_injection: {},
  language: { allowed: ["fi"] },
};

const judge = (check: GuardrailCheck, text: string) =>
  check.judge(input(text), { requestId: "req_1", signal: new Canceller().signal });

/** The longest time in which nobody else had a turn, in milliseconds. */
async function longestTurn(work: () => unknown): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let isDone = false;
  const tick = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    if (!isDone) setImmediate(tick);
  };
  setImmediate(tick);
  await work();
  tick();
  isDone = true;
  return longest;
}

describe("a text of 4 million characters", () => {
  // Twice what is asked for, and the better of two: the machine is shared.
  const mostMs = 100;
  const hostile: Readonly<Record<string, string>> = {
    prose: "The quick brown fox jumps over the lazy dog. ",
    addresses: "a@b.co ",
    digits: "1 ",
    fields: "secret=",
    accounts: "DE89 ",
    han: "中",
    ligatures: "\ufdfa",
    fences: "```",
    latin: "aaaaaaa\u2014",
  };
  for (const [name, given] of Object.entries(settings)) {
    test(`lets others have their turn under ${name}`, async () => {
      const check = checkOf(name, given);
      const characters = name === "prompt_injection" ? 200_000 : 4_000_000;
      for (const [kind, unit] of Object.entries(hostile)) {
        const size = kind === "ligatures" ? 100_000 : characters;
        const text = unit.repeat(size / unit.length);
        await judge(check, text.slice(0, 20_000));
        const turn = Math.min(
          await longestTurn(() => judge(check, text)),
          await longestTurn(() => judge(check, text)),
        );
        assert.ok(turn < mostMs, `${kind}: ${turn.toFixed(0)} ms`);
      }
    });
  }
});

describe("a long text", () => {
  test("has in it what its parts have, wherever they are cut", async () => {
    const places = fc.array(fc.integer({ min: 0, max: 140_000 }), { minLength: 1, maxLength: 40 });
    const key = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n".repeat(240)}-----END PRIVATE KEY-----`;
    const found = [
      "acme-12",
      " amy@example.com ",
      " 4111 1111 1111 1111 ",
      key,
      " password=hunter2x ",
      " train station ",
    ];
    const checks = ["patterns", "personal_data", "secrets"].map((name) => checkOf(name, settings[name]));
    await fc.assert(
      fc.asyncProperty(places, fc.infiniteStream(fc.constantFrom(...found)), async (gaps, stream) => {
        let text = "begin ";
        for (const gap of gaps.toSorted((a, b) => a - b)) {
          text += "and so on. ".repeat(Math.max(0, Math.ceil((gap - text.length) / 11)));
          text += String(stream.next().value);
        }
        text += "and so on. ".repeat(7_000);
        for (const check of checks) {
          const judgement = await judge(check, text);
          const spans = judgement.kind === "found" ? judgement.spans : [];
          assert.deepEqual(
            spans?.map(({ start, end }) => text.slice(start, end)),
            wholeSpans(check, text),
          );
        }
      }),
      { numRuns: 20 },
    );
  });
});

/** What is found where a text is short enough to be read at once: around each word that begins a finding. */
function wholeSpans(check: GuardrailCheck, text: string): string[] {
  const places = new Set<string>();
  const all: { start: number; end: number }[] = [];
  for (let at = 0; at < text.length; at += 20_000) {
    const from = Math.max(0, at - 20_000);
    for (const { start, end } of spansOf(check, input(text.slice(from, at + 40_000)))) {
      const place = { start: start + from, end: end + from };
      if (place.start < at || place.start >= at + 20_000 || places.has(`${place.start}`)) continue;
      places.add(`${place.start}`);
      all.push(place);
    }
  }
  return all.map(({ start, end }) => text.slice(start, end));
}
