import type { ExperimentConfig, UnitSource, UnitType } from "../domain/config.ts";
import type { Unit } from "../domain/experiment.ts";

/** Where a request may carry the id of its unit. */
export interface UnitLook {
  readonly requestId: string;
  header(name: string): string | undefined;
  metadata(key: string): string | undefined;
  body(field: string): string | undefined;
  baggage(key: string): string | undefined;
}

/** The first id found in the order of the experiment's sources; undefined when none has one. Blank ids do not count. */
export function findUnit(
  experiment: Pick<ExperimentConfig, "unit" | "unitSources">,
  look: UnitLook,
): Unit | undefined {
  if (experiment.unit === "request") {
    return { type: "request", id: look.requestId, source: { kind: "request" } };
  }
  for (const source of experiment.unitSources) {
    const id = lookUp(source, look);
    // A blank id would put everybody who sends one into the same variant, as one unit.
    if (id !== undefined && id.trim() !== "") return { type: experiment.unit, id, source };
  }
  return undefined;
}

/** The order of sources for an experiment that names none. */
export function defaultUnitSources(unitType: UnitType): readonly UnitSource[] {
  if (unitType === "request") return [];
  return [
    { kind: "header", name: `x-assay-${unitType}` },
    { kind: "metadata", key: `${unitType}_id` },
    { kind: "metadata", key: unitType },
    ...bodySources(unitType),
    { kind: "baggage", key: `${unitType}.id` },
  ];
}

function bodySources(unitType: UnitType): readonly UnitSource[] {
  if (unitType === "session") return [{ kind: "body", field: "prompt_cache_key" }];
  if (unitType !== "user") return [];
  return [
    { kind: "body", field: "safety_identifier" },
    { kind: "body", field: "user" },
  ];
}

function lookUp(source: UnitSource, look: UnitLook): string | undefined {
  switch (source.kind) {
    case "header":
      return look.header(source.name);
    case "metadata":
      return look.metadata(source.key);
    case "body":
      return look.body(source.field);
    case "baggage":
      return look.baggage(source.key);
  }
}
