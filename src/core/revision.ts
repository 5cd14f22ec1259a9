import type { Config, Revision } from "../domain/config.ts";
import { allocate } from "./allocation.ts";
import { compileContentCheck } from "./json-schema.ts";
import { compilePrompt } from "./prompt.ts";

/** Works out once what requests will ask for. `digest` is the configuration's SHA-256 in hex, `loadedAt` epoch milliseconds. */
export function compileRevision(config: Config, digest: string, loadedAt: number): Revision {
  const experiments = Object.values(config.experiments);
  return {
    id: digest.slice(0, 12),
    config,
    loadedAt,
    allocations: new Map(experiments.map((experiment) => [experiment.id, allocate(experiment)])),
    prompts: new Map(Object.entries(config.prompts).map(([name, file]) => [name, compilePrompt(file)])),
    contentChecks: new Map(
      experiments.flatMap(({ id, output }) =>
        output.schema === undefined ? [] : [[id, compileContentCheck(output.schema.schema)] as const],
      ),
    ),
    experimentByModel: new Map(
      experiments.flatMap((experiment) =>
        experiment.matchModels.map((model) => [model, experiment] as const),
      ),
    ),
  };
}
