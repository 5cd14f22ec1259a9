import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  boundaryAt,
  cellPosition,
  cellStart,
  contains,
  lineLength,
  mergeRanges,
  percent,
  subtractRanges,
} from "../../src/core/line.ts";
import type { PositionRange } from "../../src/domain/experiment.ts";

const position = fc.nat({ max: 40 });
const range = fc.tuple(position, position).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
const hits = (ranges: readonly PositionRange[], at: number) => ranges.some((one) => contains(one, at));

describe("ranges", () => {
  test("merged cover what they covered before, sorted and apart", () => {
    fc.assert(
      fc.property(fc.array(range), (ranges) => {
        const merged = mergeRanges(ranges);
        for (let at = 0; at <= 40; at += 1) assert.equal(hits(merged, at), hits(ranges, at));
        for (const [index, one] of merged.entries()) {
          assert.ok(one.start < one.end);
          assert.ok(index === 0 || one.start > (merged[index - 1]?.end ?? 0));
        }
      }),
    );
  });

  test("subtracted leave exactly what nothing takes", () => {
    fc.assert(
      fc.property(range, fc.array(range), (whole, taken) => {
        const left = subtractRanges(whole, taken);
        for (let at = 0; at <= 40; at += 1) {
          assert.equal(hits(left, at), contains(whole, at) && !hits(taken, at));
        }
      }),
    );
  });
});

test("a boundary stays on the line whatever the share", () => {
  assert.equal(boundaryAt(-1), 0);
  assert.equal(boundaryAt(0.5), lineLength / 2);
  assert.equal(boundaryAt(1.5), lineLength);
});

test("a cell's position lies in its own cell", () => {
  fc.assert(
    fc.property(fc.nat({ max: 9_999 }), (index) => {
      const cell = { start: cellStart(index, 10_000), end: cellStart(index + 1, 10_000) };
      assert.ok(contains(cell, cellPosition(index, 10_000)));
    }),
  );
});

test("a share prints as a percentage and never as 0 when it is not", () => {
  assert.equal(percent(0.125), "12.5 %");
  assert.equal(percent(1), "100 %");
  assert.equal(percent(0), "0 %");
  assert.equal(percent(1e-9), "less than 0.01 %");
});
