import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Replacement, replaced } from "../../src/core/guardrail-spans.ts";
import { HeldText, type TextWatch } from "../../src/core/held-text.ts";

const windowChars = 40;

function watch(pattern: RegExp, isActing = true): TextWatch & { readonly told: Replacement[] } {
  const told: Replacement[] = [];
  return {
    windowChars,
    isActing,
    told,
    find: (part) =>
      [...part.matchAll(pattern)].map((match) => ({
        start: match.index,
        end: match.index + match[0].length,
        label: "[gone]",
      })),
    found: (place) => told.push(place),
  };
}

/** What is shown after each piece, and what was told of. */
function shownOf(pieces: readonly string[], watches: readonly TextWatch[]) {
  const held = new HeldText(watches);
  const text = pieces.join("");
  const steps: string[] = [];
  const show = () => replaced(text.slice(0, held.shown), 0, held.replacements);
  for (const piece of pieces) {
    assert.equal(held.push(piece), true);
    steps.push(show());
  }
  held.end();
  assert.equal(held.shown, text.length);
  return { steps, whole: show() };
}

/** Prose with findings in it: words of a secret's alphabet of at most 30 characters, and text around them. */
const prose = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.stringMatching(/^[a-z ]{1,40}$/) },
      { weight: 1, arbitrary: fc.stringMatching(/^ X[0-9]{3,28}X $/) },
      { weight: 1, arbitrary: fc.constantFrom("\n", "\u{1f600}", "X", "X12", " ") },
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));
const secret = /X[0-9]{3,28}X/g;

function cut(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((at) => at % (text.length + 1)))].sort((a, b) => a - b);
  return [...places, text.length].map((end, index) => text.slice(index === 0 ? 0 : places[index - 1], end));
}

describe("a text that is held back", () => {
  test("becomes the same however it is cut into pieces, and what the whole text would become", () => {
    fc.assert(
      fc.property(prose, fc.array(fc.nat(2000), { maxLength: 60 }), (text, cuts) => {
        const { whole } = shownOf(cut(text, cuts), [watch(secret)]);
        assert.equal(whole, shownOf([text], [watch(secret)]).whole);
        assert.equal(whole, text.replaceAll(secret, "[gone]"));
      }),
      { numRuns: 300 },
    );
  });

  test("never shows a part of what it takes out", () => {
    fc.assert(
      fc.property(prose, (text) => {
        const wanted = text.replaceAll(secret, "[gone]");
        for (const step of shownOf([...text], [watch(secret)]).steps) {
          assert.ok(wanted.startsWith(step), `"${step}" is no beginning of "${wanted}"`);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("tells each finding once, split or whole, acting or not", () => {
    fc.assert(
      fc.property(prose, fc.array(fc.nat(2000), { maxLength: 30 }), fc.boolean(), (text, cuts, isActing) => {
        const one = watch(secret, isActing);
        shownOf(cut(text, cuts), [one]);
        assert.deepEqual(
          one.told.map(({ start, end }) => text.slice(start, end)),
          text.match(secret) ?? [],
        );
      }),
      { numRuns: 200 },
    );
  });

  test("shows all but a window, a step and a word of a text in which nothing is", () => {
    const { steps } = shownOf([..."word ".repeat(200)], [watch(secret)]);
    assert.ok(steps.every((step, index) => index + 1 - step.length <= 40 + 32 + 64 + 4));
    assert.ok(steps.some((step) => step.length > 0));
  });

  test("never cuts a word, so that a long token is taken out whole by a small window", () => {
    const token = `eyJ${"a".repeat(900)}.${"b".repeat(900)}.${"c".repeat(300)}`;
    const { steps, whole } = shownOf(
      [...`so use ${token} today, and ${"more ".repeat(60)}`],
      [watch(/eyJ[\w-]{8,}(?:\.[\w-]+){2}/g)],
    );
    assert.ok(steps.every((step) => !step.includes("eyJ")));
    assert.ok(whole.startsWith("so use [gone] today"));
  });

  test("shows a word without an end all the same, for it is no token", () => {
    const held = new HeldText([watch(secret)]);
    held.push("A".repeat(20_000));
    assert.ok(held.shown > 10_000);
  });

  test("shows everything at once where nothing acts", () => {
    const { steps } = shownOf(["a".repeat(64), "b"], [watch(secret, false)]);
    assert.deepEqual(steps, ["a".repeat(64), "a".repeat(64)]);
  });

  test("gives up on a finding without an end, and has shown nothing of it", () => {
    const held = new HeldText([watch(/START[\s\S]*/g)]);
    assert.equal(held.push(`before START${"x".repeat(15_000)}`), true);
    assert.equal(held.shown, "before ".length);
    assert.equal(held.push("x".repeat(10_000)), false);
    assert.equal(held.shown, "before ".length);
  });

  test("takes the rest out of a finding that is longer than its window", () => {
    const long = `X${"1".repeat(200)}X`;
    const { whole } = shownOf([...`see ${long} then`], [watch(/X[0-9]+X/g)]);
    assert.match(whole, /^see X?1*\[gone\] then$/);
    assert.ok(!whole.includes(long));
  });
});
