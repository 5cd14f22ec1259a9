import type { ExperimentConfig } from "../domain/config.ts";
import type { Allocation, AssignmentReason, Unit } from "../domain/experiment.ts";
import { positionOf } from "./hash.ts";
import { isInSlice } from "./layer.ts";
import { contains } from "./line.ts";

export interface UnitAssignment {
  /** The incumbent's for every reason but `split` and `holdout`. */
  readonly variantId: string;
  readonly reason: Extract<AssignmentReason, "split" | "not_exposed" | "holdout" | "not_in_layer">;
  readonly position: number;
}

/** The variant of a unit: a function of its arguments alone, so that a unit meets the same one on every instance. */
export function assignUnit(
  experiment: ExperimentConfig,
  allocation: Allocation,
  unit: Pick<Unit, "type" | "id">,
): UnitAssignment {
  const { salt, hash, hashSecret, controlId, incumbentId, layer } = experiment;
  const position = positionOf({ hash, salt, secret: hashSecret, unitType: unit.type, unitId: unit.id });
  const outside = (reason: UnitAssignment["reason"]) => ({ variantId: incumbentId, reason, position });
  if (layer !== undefined && !isInSlice(layer, unit)) return outside("not_in_layer");
  if (allocation.holdout !== undefined && contains(allocation.holdout, position))
    return { variantId: controlId, reason: "holdout", position };
  const owner = allocation.ranges.find((range) => contains(range, position));
  if (owner === undefined) return outside("not_exposed");
  return { variantId: owner.variantId, reason: "split", position };
}
