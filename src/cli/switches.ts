import { userInfo } from "node:os";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Arguments, type Command, type Io, jsonOption } from "./command.ts";

const options = {
  reason: { type: "string", value: "TEXT", description: "why; kept in the audit trail" },
  by: { type: "string", value: "NAME", description: "who (default: your login)" },
  ...adminOptions,
  ...jsonOption,
} as const;

export const kill: Command = {
  summary: "send everybody to the control: all (no argument), an experiment, or one variant of it",
  usage: "[EXPERIMENT[/VARIANT]] [options]",
  options,
  maxPositionals: 1,
  run: (args, io) => change("kill", args, io),
};

export const revive: Command = {
  summary: "lift a kill switch",
  usage: "[EXPERIMENT[/VARIANT]] [options]",
  options,
  maxPositionals: 1,
  run: (args, io) => change("revive", args, io),
};

async function change(verb: "kill" | "revive", args: Arguments, io: Io): Promise<0> {
  const scope = args.positionals[0] ?? "*";
  const reason = args.text("reason");
  const body = {
    scope,
    by: args.text("by") ?? userInfo().username,
    ...(reason === undefined ? {} : { reason }),
  };
  const answer = await callAdmin(args, io, { method: "POST", path: `/admin/${verb}`, body });
  if (args.flag("json")) io.out(`${JSON.stringify(answer)}\n`);
  else {
    const name = scope === "*" ? "every experiment" : `"${scope}"`;
    const done =
      verb === "kill"
        ? `killed ${name}: units are served by the control from the next request on`
        : `revived ${name}`;
    io.out(`${done}\n`);
  }
  return 0;
}
