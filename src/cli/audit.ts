import { isObject } from "../core/chat-completion.ts";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Command, jsonOption } from "./command.ts";

export const audit: Command = {
  summary: "show who changed what, when and why, the newest first",
  usage: "[options]",
  options: {
    limit: { type: "string", value: "N", description: "how many changes, 1 to 1000 (default: 50)" },
    ...adminOptions,
    ...jsonOption,
  },
  maxPositionals: 0,
  async run(args, io) {
    const limit = encodeURIComponent(args.text("limit") ?? "50");
    const answer = await callAdmin(args, io, { method: "GET", path: `/admin/audit?limit=${limit}` });
    const events = Array.isArray(answer.events) ? answer.events.filter(isObject) : [];
    io.out(args.flag("json") ? `${JSON.stringify(answer)}\n` : events.map(lineOf).join(""));
    return 0;
  },
};

function lineOf(event: Record<string, unknown>): string {
  const at = new Date(Number(event.at)).toISOString();
  if (event.kind === "exposed") return `${at}  exposed\n`;
  const claimed = event.claimedBy === undefined ? "" : ` (says ${event.claimedBy})`;
  const change = isObject(event.shares) ? event.shares : event;
  const { before, after } = change;
  const told = [before, after].map((one) => (one === undefined ? "-" : JSON.stringify(one)));
  const what = before === undefined && after === undefined ? "" : `  ${told.join(" -> ")}`;
  return `${at}  ${event.kind}  by ${event.by}${claimed}: ${event.reason}${what}\n`;
}
