import { userInfo } from "node:os";
import { isObject } from "../core/chat-completion.ts";
import { parseKeyText } from "../core/client-key.ts";
import { keyRoles } from "../domain/client-key.ts";
import { Failure } from "../domain/failure.ts";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Arguments, type Command, type Io, jsonOption } from "./command.ts";
import { choiceOf } from "./configured.ts";
import { numberOption } from "./number-option.ts";

export const keys: Command = {
  summary: "make, list and revoke the keys of clients and operators",
  usage: "create --name NAME [options] | list | revoke ID",
  options: {
    name: { type: "string", value: "NAME", description: "who will use the key" },
    role: {
      type: "string",
      value: "ROLE",
      description: "client (default); for the admin API read, operate or administer",
    },
    routes: { type: "string", value: "LIST", description: "chat,predict,outcomes,models,...; * for all" },
    models: { type: "string", value: "LIST", description: "models that it may name (default: all)" },
    experiments: { type: "string", value: "LIST", description: "experiments that it may use (default: all)" },
    "requests-per-minute": { type: "string", value: "N", description: "requests in a minute" },
    concurrent: { type: "string", value: "N", description: "open requests" },
    "tokens-per-day": {
      type: "string",
      value: "N",
      description: "tokens, of input and output, in a day of UTC",
    },
    "usd-per-day": { type: "string", value: "N", description: "dollars in a day of UTC" },
    expires: {
      type: "string",
      value: "90d|TIME",
      description: "until when it holds (default: until revoked)",
    },
    reason: { type: "string", value: "TEXT", description: "why; kept in the audit trail" },
    by: { type: "string", value: "NAME", description: "who (default: your login)" },
    ...adminOptions,
    ...jsonOption,
  },
  maxPositionals: 2,
  async run(args, io) {
    const [verb = "", id] = args.positionals;
    const act = Object.hasOwn(actions, verb) ? actions[verb] : undefined;
    if (act === undefined)
      throw new Failure("invalid_value", `Say what to do: create, list or revoke; it was "${verb}".`);
    if (verb !== "revoke" && id !== undefined)
      throw new Failure("invalid_value", `Unexpected argument "${id}".`);
    const { answer, text } = await act(args, io);
    io.out(args.flag("json") ? `${JSON.stringify(answer)}\n` : text);
    return 0;
  },
};

interface Done {
  readonly answer: Record<string, unknown>;
  readonly text: string;
}

const actions: Readonly<Record<string, (args: Arguments, io: Io) => Promise<Done>>> = {
  create,
  list,
  revoke,
};

async function create(args: Arguments, io: Io): Promise<Done> {
  const role = args.text("role");
  const body = {
    ...whoOf(args),
    name: args.text("name"),
    role: role === undefined ? undefined : choiceOf("role", role, keyRoles),
    routes: listOf(args.text("routes")),
    models: listOf(args.text("models")),
    experiments: listOf(args.text("experiments")),
    requests_per_minute: numberOf(args, "requests-per-minute"),
    concurrent: numberOf(args, "concurrent"),
    tokens_per_day: numberOf(args, "tokens-per-day"),
    usd_per_day: numberOf(args, "usd-per-day"),
    expires_at: expiryOf(args.text("expires"), Date.now()),
  };
  const answer = await callAdmin(args, io, { method: "POST", path: "/admin/keys", body });
  const text = `${keyText(answer)}\n\n  ${answer.key}\n\nThis is the only time that it is shown. Clients send it as: authorization: Bearer <key>\n`;
  return { answer, text };
}

async function list(args: Arguments, io: Io): Promise<Done> {
  const answer = await callAdmin(args, io, { method: "GET", path: "/admin/keys" });
  const all = Array.isArray(answer.keys) ? answer.keys.filter(isObject) : [];
  const text = all.length === 0 ? "no keys\n" : `${all.map(keyText).join("\n")}\n`;
  return { answer, text };
}

async function revoke(args: Arguments, io: Io): Promise<Done> {
  const written = args.positionals[1];
  // Of a key that has leaked its text may be all that one has.
  const id = parseKeyText(written ?? "")?.id ?? written;
  if (id === undefined) throw new Failure("missing_required_parameter", "Name the key: assay keys revoke ID");
  const path = `/admin/keys/${encodeURIComponent(id)}`;
  const answer = await callAdmin(args, io, { method: "DELETE", path, body: whoOf(args) });
  return { answer, text: `revoked ${answer.id} ${answer.name}: it is refused from the next request on\n` };
}

function whoOf(args: Arguments): { readonly by: string; readonly reason: string | undefined } {
  return { by: args.text("by") ?? userInfo().username, reason: args.text("reason") };
}

/** One line: what it is, what it may, what it has spent. */
function keyText(key: Record<string, unknown>): string {
  const spent = isObject(key.spent_today) ? key.spent_today : {};
  const facts = [
    ["routes", key.routes],
    ["models", key.models],
    ["experiments", key.experiments],
    ["requests/min", key.requests_per_minute],
    ["concurrent", key.concurrent],
    ["tokens today", ofLimit(spent.tokens, key.tokens_per_day)],
    ["dollars today", ofLimit(Number(Number(spent.usd).toFixed(6)), key.usd_per_day)],
    ["expires", key.expires_at],
  ].flatMap(([name, value]) => {
    const text = Array.isArray(value) ? value.join(",") : value;
    return text === undefined || text === "" ? [] : [`${name} ${text}`];
  });
  return [`${key.id}  ${key.name}  ${key.role}  ${key.status}`, ...facts].join("  ");
}

function ofLimit(spent: unknown, limit: unknown): string | undefined {
  if (limit !== undefined) return `${spent}/${limit}`;
  return Number(spent) > 0 ? String(spent) : undefined;
}

function listOf(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((item) => item.trim());
}

function numberOf(args: Arguments, name: string): number | undefined {
  return numberOption(args, name, { low: 0, high: Number.POSITIVE_INFINITY });
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90d`, `12h`, `30m` from now, or a time. */
function expiryOf(text: string | undefined, now: number): string | undefined {
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text ?? "") ?? [];
  return count === undefined ? text : new Date(now + Number(count) * (unitMs[unit] ?? 0)).toISOString();
}
