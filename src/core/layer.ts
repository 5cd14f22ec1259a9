import type { ExperimentConfig, LayerSlice, UnitType } from "../domain/config.ts";
import type { Unit } from "../domain/experiment.ts";
import { positionOf } from "./hash.ts";
import { boundaryAt, contains, overlapOf } from "./line.ts";

/**
 * True when the unit's position on the layer's own line is in the slice. That line is apart from every experiment's, so
 * growing a slice moves nobody between variants, and without a secret, so that all experiments of a layer share it.
 */
export function isInSlice(slice: LayerSlice, unit: Pick<Unit, "type" | "id">): boolean {
  const position = positionOf({
    hash: "assay_v1",
    salt: `layer/${slice.name}`,
    secret: undefined,
    unitType: unit.type,
    unitId: unit.id,
  });
  return contains({ start: boundaryAt(slice.start), end: boundaryAt(slice.end) }, position);
}

/** Every way in which experiments fail to exclude each other although they say that they do. */
export function layerProblems(experiments: readonly ExperimentConfig[]): readonly string[] {
  const placed = experiments.flatMap(({ id, unit, layer }) =>
    layer === undefined ? [] : [{ id, unit, layer }],
  );
  return placed.flatMap((one, index) =>
    placed
      .slice(index + 1)
      .filter((other) => other.layer.name === one.layer.name)
      .flatMap((other) => pairProblem(one, other) ?? []),
  );
}

interface Placed {
  readonly id: string;
  readonly unit: UnitType;
  readonly layer: LayerSlice;
}

function pairProblem(one: Placed, other: Placed): string | undefined {
  const pair = `experiments "${one.id}" and "${other.id}" of layer "${one.layer.name}"`;
  if (one.unit !== other.unit) {
    return `${pair} randomise different units, ${one.unit} and ${other.unit}; give them one unit, or a layer each`;
  }
  const overlap = overlapOf(one.layer, other.layer);
  if (overlap === undefined) return undefined;
  return `${pair} both own ${overlap.start} to ${overlap.end}; give them slices that do not meet`;
}
