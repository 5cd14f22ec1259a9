import { userInfo } from "node:os";
import { isObject } from "../core/chat-completion.ts";
import { didYouMean } from "../core/did-you-mean.ts";
import { rampEvents, replayEvents } from "../core/ramp/replay-events.ts";
import type { ControlEvent } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Arguments, type Command, type ExitCode, type Io, jsonOption } from "./command.ts";
import { onlyExperiment } from "./only-experiment.ts";
import { dryRunText, rampText } from "./ramp-text.ts";
import { screenOf, shownText } from "./screen.ts";
import { type Look, watch, watchSeconds } from "./watch.ts";

const orders = ["start", "pause", "resume", "promote", "rollback", "approve", "abort"] as const;
const verbs = [...orders, "status", "watch", "replay"] as const;

export const ramp: Command = {
  summary: "raise a treatment step by step: start, status, watch, approve, pause, roll back",
  usage: `${verbs.join("|")} [EXPERIMENT] [options]`,
  options: {
    "dry-run": { type: "boolean", description: "say what the order would do, and do nothing" },
    "override-lock": {
      type: "boolean",
      description: "start a variant although it was rolled back as it is within 24 hours",
    },
    every: { type: "string", value: "SECONDS", description: "how often watch asks (default: 5)" },
    reason: { type: "string", value: "TEXT", description: "why; kept in the audit trail" },
    by: { type: "string", value: "NAME", description: "who (default: your login)" },
    ...adminOptions,
    ...jsonOption,
  },
  maxPositionals: 2,
  async run(args, io) {
    const verb = verbOf(args.positionals[0]);
    const everyMs = (watchSeconds(args.text("every"), "--every") ?? 5) * 1000;
    const id = args.positionals[1] ?? (await onlyExperiment(`ramp ${verb}`, args, io));
    if (verb === "watch") return watch(() => look(id, args, io), everyMs, io);
    if (verb === "replay") return replay(id, args, io);
    if (verb === "status") {
      const { text, exitCode } = await look(id, args, io);
      io.out(text);
      return exitCode;
    }
    return give(verb, { id, args, io });
  },
};

function verbOf(written: string | undefined): (typeof verbs)[number] {
  const verb = verbs.find((one) => one === written);
  if (verb !== undefined) return verb;
  const meant = didYouMean(written ?? "", verbs);
  const hint = meant === undefined ? `Say what to do: ${verbs.join(", ")}.` : `Did you mean "${meant}"?`;
  throw new Failure(
    "invalid_value",
    written === undefined ? hint : `A ramp cannot "${written.slice(0, 40)}". ${hint}`,
  );
}

async function give(
  verb: (typeof orders)[number],
  { id, args, io }: { readonly id: string; readonly args: Arguments; readonly io: Io },
): Promise<ExitCode> {
  const body = {
    by: args.text("by") ?? userInfo().username,
    reason: args.text("reason"),
    dry_run: args.flag("dry-run") || undefined,
    override_lock: args.flag("override-lock") || undefined,
  };
  const answer = await callAdmin(args, io, { method: "POST", path: `${pathOf(id)}/${verb}`, body });
  if (args.flag("json")) io.out(`${JSON.stringify(answer)}\n`);
  else {
    const screen = screenOf(io.env, io.isOutTerminal);
    io.out(answer.dry_run === true ? dryRunText(answer) : rampText(answer, screen));
  }
  return 0;
}

async function look(id: string, args: Arguments, io: Io): Promise<Look> {
  const answer = await callAdmin(args, io, { method: "GET", path: pathOf(id) });
  const isJson = args.flag("json");
  const text = isJson ? `${JSON.stringify(answer)}\n` : rampText(answer, screenOf(io.env, io.isOutTerminal));
  const isLast = ends.has(String(answer.status));
  return { exitCode: exitCodeOf(answer.status), at: Date.now(), isJson, text, isLast };
}

const ends: ReadonlySet<string> = new Set(["completed", "rolled_back", "aborted"]);

/** So that a script may wait for the end: complete, taken back, or on its way. */
function exitCodeOf(status: unknown): ExitCode {
  if (status === "completed") return 0;
  return status === "rolling_back" || status === "rolled_back" ? 1 : 3;
}

async function replay(id: string, args: Arguments, io: Io): Promise<ExitCode> {
  const answer = await callAdmin(args, io, { method: "GET", path: `${pathOf(id)}/decisions` });
  const listed = Array.isArray(answer.decisions) ? answer.decisions.filter(isObject) : [];
  // The parse boundary: the server is this package, and these are lines of its journal.
  const decisions = rampEvents(listed as unknown as readonly ControlEvent[], id);
  if (decisions.length === 0) throw new Failure("invalid_value", `The ramp of "${id}" was never started.`);
  const made = replayEvents(decisions, id);
  const total = decisions.length;
  if (made.kind === "agrees") {
    const told = { agrees: true, decisions: total, status: made.state.status };
    io.out(
      args.flag("json") ? `${JSON.stringify(told)}\n` : `agree: all ${total} decisions come out the same\n`,
    );
    return 0;
  }
  const { index, reason } = made;
  const at = new Date(decisions[index]?.at ?? 0).toISOString();
  const told = { agrees: false, decisions: total, decision: index + 1, at, reason };
  const line = shownText(reason, screenOf(io.env, io.isOutTerminal));
  io.out(
    args.flag("json")
      ? `${JSON.stringify(told)}\n`
      : `DISAGREE: decision ${index + 1} of ${total}, ${at}: ${line}\n`,
  );
  return 1;
}

function pathOf(id: string): string {
  return `/admin/experiments/${encodeURIComponent(id)}/ramp`;
}
