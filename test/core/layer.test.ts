import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { positionOf } from "../../src/core/hash.ts";
import { isInSlice, layerProblems } from "../../src/core/layer.ts";
import { boundaryAt } from "../../src/core/line.ts";
import { experimentWith } from "./experiment-fixture.ts";

const placed = (id: string, start: number, end: number, name = "copy") =>
  experimentWith({ id, layer: { name, start, end } });

describe("layerProblems", () => {
  test("finds none where slices meet end to end, in other layers, or without a layer", () => {
    const experiments = [
      placed("a", 0, 0.5),
      placed("b", 0.5, 1),
      placed("c", 0, 1, "model"),
      experimentWith(),
    ];
    assert.deepEqual(layerProblems(experiments), []);
  });

  test("names every pair whose slices overlap, and what they share", () => {
    assert.deepEqual(layerProblems([placed("a", 0, 0.6), placed("b", 0.5, 1), placed("c", 0.6, 0.7)]), [
      'experiments "a" and "b" of layer "copy" both own 0.5 to 0.6; give them slices that do not meet',
      'experiments "b" and "c" of layer "copy" both own 0.6 to 0.7; give them slices that do not meet',
    ]);
  });

  test("refuses two unit types in one layer, which could not exclude each other", () => {
    const problems = layerProblems([placed("a", 0, 0.5), { ...placed("b", 0.5, 1), unit: "org" }]);
    assert.deepEqual(problems, [
      'experiments "a" and "b" of layer "copy" randomise different units, user and org; ' +
        "give them one unit, or a layer each",
    ]);
  });
});

test("a layer's line is the one of the salt layer/<name>, so that a warehouse can recompute it", () => {
  for (let unit = 0; unit < 500; unit += 1) {
    const unitId = `user-${unit}`;
    const position = positionOf({
      hash: "assay_v1",
      salt: "layer/copy",
      secret: undefined,
      unitType: "user",
      unitId,
    });
    const isIn = isInSlice({ name: "copy", start: 0, end: 0.3 }, { type: "user", id: unitId });
    assert.equal(isIn, position < boundaryAt(0.3));
  }
});

test("a whole slice holds every unit and an empty one holds none", () => {
  for (const id of ["a", "ünï", "😀"]) {
    assert.ok(isInSlice({ name: "copy", start: 0, end: 1 }, { type: "user", id }));
    assert.ok(!isInSlice({ name: "copy", start: 0.5, end: 0.5 }, { type: "user", id }));
  }
});
