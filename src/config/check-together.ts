import type { Finding } from "./check-shape.ts";
import type { ConfigFile, ExperimentSection } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import type { YamlSource } from "./yaml-source.ts";

/** What experiments claim against each other: callers' model names, and slices of a layer. */
export function checkTogether(file: ConfigFile, source: YamlSource): readonly Finding[] {
  // In the order of the file, so that the later of two is the one to change.
  const order = source.keys.get("/experiments") ?? [];
  const experiments = Object.entries(file.experiments).sort(
    ([left], [right]) => order.indexOf(left) - order.indexOf(right),
  );
  return [...checkMatches(experiments), ...checkLayers(experiments)];
}

type Named = readonly [id: string, experiment: ExperimentSection];

function checkMatches(experiments: readonly Named[]): readonly Finding[] {
  const owners = new Map<string, string>();
  const findings: Finding[] = [];
  for (const [id, experiment] of experiments) {
    for (const [index, model] of experiment.match.models.entries()) {
      const owner = owners.get(model);
      if (owner === undefined) owners.set(model, id);
      if (owner === undefined || owner === id) continue;
      const pointer = pointerOf("experiments", id, "match", "models", index);
      const message = `model "${model}" is matched by experiment "${owner}" already; remove it from one of the two`;
      findings.push({ pointer, side: "value", message });
    }
  }
  return findings;
}

function checkLayers(experiments: readonly Named[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [position, [id, { layer, unit }]] of experiments.entries()) {
    if (layer === undefined) continue;
    if (layer.start >= layer.end) {
      const message = `the slice ${layer.start} to ${layer.end} is empty; \`end\` must be more than \`start\``;
      findings.push({ pointer: pointerOf("experiments", id, "layer", "end"), side: "value", message });
      continue;
    }
    const add = (message: string): void => {
      findings.push({ pointer: pointerOf("experiments", id, "layer"), side: "value", message });
    };
    for (const [otherId, other] of experiments.slice(0, position)) {
      if (other.layer?.name !== layer.name) continue;
      const isOverlap = layer.start < other.layer.end && other.layer.start < layer.end;
      const slice = `${other.layer.start} to ${other.layer.end}`;
      if (isOverlap)
        add(`the slice overlaps that of experiment "${otherId}" (${slice}); move one of the two`);
      // A unit has a place on the layer's line for each type: two types would not exclude each other.
      if (unitType(unit) !== unitType(other.unit)) {
        add(`experiment "${otherId}" of layer "${layer.name}" has another unit; use one unit in a layer`);
      }
    }
  }
  return findings;
}

function unitType(unit: ExperimentSection["unit"]): string {
  return typeof unit === "string" ? unit : unit.type;
}
