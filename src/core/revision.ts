import { hash } from "node:crypto";
import type { Config, Revision } from "../domain/config.ts";
import type { ControlEvent } from "../domain/control.ts";
import { allocate, allocationProblem } from "./allocation.ts";
import { compileContentCheck } from "./json-schema.ts";
import { phaseId } from "./phase.ts";
import { compilePrompt } from "./prompt.ts";
import { sharesDigest, withShares } from "./shares.ts";

/**
 * The revision that a file makes together with what was set by hand since, or why it makes none. Only shares can be set, so
 * only they can be at fault: the file was checked before.
 */
export function revisionOf(
  file: { readonly config: Config; readonly digest: string },
  events: readonly ControlEvent[],
  now: number,
): { readonly revision: Revision } | { readonly problems: readonly string[] } {
  const config = withShares(file.config, events);
  const problems = Object.values(config.experiments).flatMap(
    (experiment) => allocationProblem(experiment) ?? [],
  );
  if (problems.length > 0) return { problems };
  const shares = sharesDigest(file.config, config);
  const digest = shares === "" ? file.digest : hash("sha256", `${file.digest}${shares}`);
  return { revision: compileRevision(config, digest, now) };
}

/** Works out once what requests will ask for. `digest` is the configuration's SHA-256 in hex, `loadedAt` epoch milliseconds. */
export function compileRevision(config: Config, digest: string, loadedAt: number): Revision {
  const experiments = Object.values(config.experiments);
  const allocations = new Map(experiments.map((experiment) => [experiment.id, allocate(experiment)]));
  return {
    id: digest.slice(0, 12),
    config,
    loadedAt,
    allocations,
    prompts: new Map(Object.entries(config.prompts).map(([name, file]) => [name, compilePrompt(file)])),
    contentChecks: new Map(
      experiments.flatMap(({ id, output }) =>
        output.schema === undefined ? [] : [[id, compileContentCheck(output.schema.schema)] as const],
      ),
    ),
    inputChecks: new Map(
      experiments.flatMap(({ id, predict }) =>
        predict?.input === undefined ? [] : [[id, compileContentCheck(predict.input.schema)] as const],
      ),
    ),
    phases: new Map(
      experiments.flatMap((experiment) => {
        const allocation = allocations.get(experiment.id);
        return allocation === undefined
          ? []
          : [[experiment.id, phaseId(config, experiment, allocation)] as const];
      }),
    ),
    experimentByModel: new Map(
      experiments.flatMap((experiment) =>
        experiment.matchModels.map((model) => [model, experiment] as const),
      ),
    ),
  };
}
