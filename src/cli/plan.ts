import type { ExperimentConfig } from "../domain/config.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { ExperimentReport } from "../domain/report.ts";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Arguments, type Command, configOption, type Io, jsonOption } from "./command.ts";
import { experimentIn, readConfig } from "./configured.ts";
import { planInputs } from "./plan-inputs.ts";
import { planSizes } from "./plan-sizes.ts";
import { planText } from "./plan-text.ts";
import { readReport, resultsPath } from "./read-report.ts";
import { screenOf, shownText } from "./screen.ts";

const options = {
  experiment: {
    type: "string",
    value: "ID",
    description: "take alpha, variants, planned units and effect from it, the rest from a server's data",
  },
  metric: { type: "string", value: "NAME", description: "of the experiment (default: its first goal)" },
  effect: { type: "string", value: "E", description: "what is to be seen: 0.02, or 5% of the baseline" },
  units: {
    type: "string",
    value: "N",
    description: "of all variants: tell the smallest effect that they show",
  },
  "metric-kind": { type: "string", value: "KIND", description: "share (default) or mean" },
  baseline: { type: "string", value: "B", description: "the control's value: 0.1, or 1200" },
  sd: { type: "string", value: "S", description: "standard deviation of a request's value; of means" },
  alpha: { type: "string", value: "A", description: "probability of a false winner (default: 0.05)" },
  power: { type: "string", value: "P", description: "probability of seeing the effect (default: 0.8)" },
  arms: { type: "string", value: "K", description: "variants, the control included (default: 2)" },
  "requests-per-unit": { type: "string", value: "M", description: "requests of one unit (default: 1)" },
  icc: { type: "string", value: "R", description: "how alike they are: intraclass correlation, 0 to 1" },
  "units-per-day": { type: "string", value: "N", description: "traffic of all variants, for the days" },
  ...configOption,
  ...adminOptions,
  ...jsonOption,
} as const;

export const plan: Command = {
  summary: "how many units an experiment needs, what it can see, what peeking costs, how many days",
  usage: "[--experiment X] [--effect E | --units N] [options]",
  options,
  maxPositionals: 0,
  async run(args, io) {
    const experimentId = args.text("experiment");
    const config = experimentId === undefined ? undefined : readConfig(args, io);
    const experiment = config && experimentId !== undefined ? experimentIn(config, experimentId) : undefined;
    const report = experiment && (await seen(experiment, args, io));
    const inputs = planInputs({ args, experiment, config, report });
    const sizes = planSizes(inputs);
    if ("kind" in sizes) throw new Failure("invalid_value", `No plan can be made: ${sizes.message}.`);
    const screen = screenOf(io.env, io.isOutTerminal);
    const text = planText(inputs, sizes)
      .split("\n")
      .map((line) => shownText(line, screen))
      .join("\n");
    io.out(args.flag("json") ? `${JSON.stringify({ ...inputs, ...sizes })}\n` : text);
    return 0;
  },
};

/** What a server knows of the experiment; a plan can do without one. */
async function seen(
  { id }: ExperimentConfig,
  args: Arguments,
  io: Io,
): Promise<ExperimentReport | undefined> {
  try {
    const path = resultsPath(id, args.text("metric") === undefined ? "used" : "all");
    return readReport(await callAdmin(args, io, { method: "GET", path }));
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "internal_error") throw thrown;
    io.err(`Without a server's data: ${failure.message}\n`);
    return undefined;
  }
}
