import { audit } from "./audit.ts";
import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { explain } from "./explain.ts";
import { exportCommand } from "./export.ts";
import { forget } from "./forget.ts";
import { keys } from "./keys.ts";
import { plan } from "./plan.ts";
import { ramp } from "./ramp.ts";
import { results } from "./results.ts";
import { serve } from "./serve.ts";
import { simulate } from "./simulate.ts";
import { status } from "./status.ts";
import { kill, revive } from "./switches.ts";

/** The commands, in the order of the help: one file and one line each. */
export const commands: Readonly<Record<string, Command>> = {
  serve,
  check,
  explain,
  results,
  plan,
  ramp,
  simulate,
  kill,
  revive,
  status,
  keys,
  audit,
  export: exportCommand,
  forget,
};
