import { join } from "node:path";
import { loadConfig } from "../config/load.ts";
import { formatProblem } from "../config/problems.ts";
import { explain as explainUnit } from "../core/explain.ts";
import { switchesAfter, switchesFromEnvironment } from "../core/kill-switch.ts";
import { revisionOf } from "../core/revision.ts";
import { Failure } from "../domain/failure.ts";
import { readControlEvents } from "../stores/control-journal.ts";
import { type Command, configOption, configPath, jsonOption } from "./command.ts";

export const explain: Command = {
  summary: "say which variant a unit gets and why, without a server",
  usage: "--experiment X --unit Y [options]",
  options: {
    experiment: { type: "string", value: "ID", description: "the experiment" },
    unit: { type: "string", value: "ID", description: "the unit's id, as requests carry it" },
    ...configOption,
    ...jsonOption,
  },
  maxPositionals: 0,
  async run(args, io) {
    const experimentId = args.text("experiment");
    const unitId = args.text("unit");
    if (experimentId === undefined || unitId === undefined) {
      throw new Failure("missing_required_parameter", "Name both: --experiment ID and --unit ID.");
    }
    const loaded = loadConfig(configPath(args, io), io.env);
    if ("problems" in loaded)
      throw new Failure("config_invalid", loaded.problems.map(formatProblem).join("\n"));
    const now = Date.now();
    const events = readControlEvents(join(loaded.config.stateDir, "control.jsonl"));
    const made = revisionOf(loaded, events, now);
    if ("problems" in made) throw new Failure("config_invalid", made.problems.join("\n"));
    const kept = switchesAfter(events);
    const switches = [...switchesFromEnvironment(io.env.ASSAY_KILL_SWITCH, now), ...kept];
    const explanation = explainUnit(made.revision, { experimentId, unitId }, switches);
    io.out(args.flag("json") ? `${JSON.stringify(explanation)}\n` : `${explanation.sentence}\n`);
    return 0;
  },
};
