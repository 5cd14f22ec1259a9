/** What commands without a server read of the configuration. */
import { loadConfig } from "../config/load.ts";
import { formatProblem } from "../config/problems.ts";
import { didYouMean } from "../core/did-you-mean.ts";
import type { Config, ExperimentConfig } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import { type Arguments, configPath, type Io } from "./command.ts";

/** Throws `config_invalid` with every problem. */
export function readConfig(args: Arguments, io: Io): Config {
  const loaded = loadConfig(configPath(args, io), io.env);
  if ("config" in loaded) return loaded.config;
  throw new Failure("config_invalid", loaded.problems.map(formatProblem).join("\n"));
}

/** Throws `not_found` with the experiment that was probably meant. */
export function experimentIn({ experiments }: Config, id: string): ExperimentConfig {
  const experiment = Object.hasOwn(experiments, id) ? experiments[id] : undefined;
  if (experiment !== undefined) return experiment;
  throw new Failure("not_found", `There is no experiment "${id}".${hintFor(id, Object.keys(experiments))}`);
}

/** ` Did you mean "x"?`, or nothing. */
export function hintFor(wrong: string, choices: readonly string[]): string {
  const meant = didYouMean(wrong, choices);
  return meant === undefined ? "" : ` Did you mean "${meant}"?`;
}

/** One of the choices; throws `invalid_value` for another word. */
export function choiceOf<T extends string>(name: string, written: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === written);
  if (found !== undefined) return found;
  const hint = hintFor(written, choices);
  throw new Failure(
    "invalid_value",
    `--${name} must be one of ${choices.join(", ")}; it was "${written}".${hint}`,
  );
}
