import { userInfo } from "node:os";
import { isObject } from "../core/chat-completion.ts";
import { Failure } from "../domain/failure.ts";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Command, jsonOption } from "./command.ts";
import { counted } from "./quantity.ts";

/** The file is written anew for it, and what waits before it is written first. */
const answerMs = 150_000;

export const forget: Command = {
  summary: "take everything out of the store that is kept of one unit, for ever",
  usage: "--unit TYPE:ID --yes [options]",
  options: {
    unit: { type: "string", value: "TYPE:ID", description: "user:42, org:acme or session:9f2c" },
    yes: { type: "boolean", description: "do it: there is no way back" },
    reason: { type: "string", value: "TEXT", description: "why; kept in the audit trail: name nobody in it" },
    by: { type: "string", value: "NAME", description: "who (default: your login)" },
    ...adminOptions,
    ...jsonOption,
  },
  maxPositionals: 0,
  async run(args, io) {
    const { type, id } = unitOf(args.text("unit"));
    if (!args.flag("yes")) {
      const message = `What is kept of this ${type} would be deleted in every experiment, and cannot be had back: add --yes to do it.`;
      throw new Failure("missing_required_parameter", message);
    }
    const reason = args.text("reason");
    const by = args.text("by") ?? userInfo().username;
    const path = `/admin/units/${type}/${encodeURIComponent(id)}`;
    const body = { by, ...(reason === undefined ? {} : { reason }) };
    const answer = await callAdmin(args, io, { method: "DELETE", path, body, answerMs });
    io.out(args.flag("json") ? `${JSON.stringify(answer)}\n` : textOf(answer));
    return 0;
  },
};

function unitOf(text: string | undefined): { readonly type: string; readonly id: string } {
  const colon = text?.indexOf(":") ?? -1;
  const [type, id] = [text?.slice(0, colon), text?.slice(colon + 1)];
  if (colon > 0 && type !== undefined && id !== undefined && id !== "") return { type, id };
  throw new Failure("missing_required_parameter", "Name the unit with its type: --unit user:42.");
}

function textOf(answer: Record<string, unknown>): string {
  const forgotten = isObject(answer.forgotten) ? answer.forgotten : {};
  const [records, outcomes] = [Number(forgotten.records), Number(forgotten.outcomes)];
  if (records + outcomes === 0) return "nothing is kept of this unit\n";
  return `forgotten: ${counted(records, "record")} and ${counted(outcomes, "outcome")}\n`;
}
