import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { explain } from "./explain.ts";
import { serve } from "./serve.ts";
import { status } from "./status.ts";
import { kill, revive } from "./switches.ts";

/** The commands, in the order of the help: one file and one line each. */
export const commands: Readonly<Record<string, Command>> = { serve, check, explain, kill, revive, status };
