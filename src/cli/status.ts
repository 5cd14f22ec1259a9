import { isObject } from "../core/chat-completion.ts";
import { percent } from "../core/line.ts";
import { adminOptions, callAdmin } from "./admin-client.ts";
import { type Command, jsonOption } from "./command.ts";
import { counted, countText } from "./quantity.ts";

export const status: Command = {
  summary: "show what a running instance serves: revision, switches, breakers, problems",
  usage: "[options]",
  options: { ...adminOptions, ...jsonOption },
  maxPositionals: 0,
  async run(args, io) {
    const answer = await callAdmin(args, io, { method: "GET", path: "/admin/status" });
    io.out(args.flag("json") ? `${JSON.stringify(answer)}\n` : statusText(answer));
    return 0;
  },
};

function statusText(status: Record<string, unknown>): string {
  const lines = [
    [
      "version",
      `${String(status.version)}${status.pid === undefined ? "" : `, process ${String(status.pid)}`}`,
    ],
    ["revision", `${String(status.revision)}, loaded ${String(status.revision_loaded_at)}`],
    ["up", `${String(status.uptime_s)} s, ${counted(Number(status.active_requests), "active request")}`],
    ...authLines(status.auth),
    ...listed(
      "kill switch",
      status.kill_switches,
      (one) => `${one.scope} by ${one.by} (${one.source}) at ${one.at}: ${one.reason}`,
    ),
    ...listed(
      "upstream",
      status.upstreams,
      (one) => `${one.name} ${one.base_url}${one.is_scripted === true ? " (scripted)" : ""}`,
    ),
    ...listed("breaker", status.breakers, (one) => `${one.upstream} ${one.model}: ${one.state}`),
    ...guardrailLines(status.guardrails),
    ...rampLines(status.ramps),
    ...workerLines(status.workers),
    ...storeLines(status.store),
    ...problemLines(status.config_problems),
  ];
  return lines.map(([name = "", text = ""]) => `${name.padEnd(12)} ${text}\n`).join("");
}

function listed(name: string, list: unknown, text: (one: Record<string, unknown>) => string): string[][] {
  const all = Array.isArray(list) ? list.filter(isObject) : [];
  return all.length === 0 ? [[name, "none"]] : all.map((one) => [name, text(one)]);
}

/** None for a server of a version that tells nothing of it. */
function authLines(auth: unknown): string[][] {
  if (!isObject(auth)) return [];
  const { mode, client_keys: clients, admin_keys: admins, hint, is_admin_open: isOpen } = auth;
  const held = `${counted(Number(clients), "client key")}, ${counted(Number(admins), "admin key")}`;
  const text = mode === "open" ? `OPEN, nobody is asked for a key; ${held}` : held;
  const admin = isOpen === true ? [["", "ADMIN OPEN: whoever reaches the admin API may do everything"]] : [];
  return [["auth", text], ...admin, ...(hint === undefined ? [] : [["", String(hint)]])];
}

/** None for a server of a version that tells nothing of them. */
function guardrailLines(guardrails: unknown): string[][] {
  if (!Array.isArray(guardrails)) return [];
  return listed("guardrail", guardrails, ({ name, check, action, is_shadow: isShadow, guards }) => {
    const where = Array.isArray(guards) && guards.length > 0 ? guards.join(", ") : "GUARDS NOTHING";
    return `${name}: ${check}, ${action}${isShadow === true ? " in shadow" : ""}; ${where}`;
  });
}

/** None for a server without ramps. */
function rampLines(ramps: unknown): string[][] {
  if (!Array.isArray(ramps) || ramps.length === 0) return [];
  return listed(
    "ramp",
    ramps,
    ({ experiment, variant, status, step, steps, share, reason, is_killed: isOff }) => {
      const standing = `${String(status).replaceAll("_", " ")}${isOff === true ? ", KILLED" : ""}`;
      const where = `${experiment}/${variant} ${standing}, step ${step} of ${steps}, ${percent(Number(share))}`;
      return reason === undefined ? where : `${where}: ${reason}`;
    },
  );
}

/** None for a server of one process. */
function workerLines(workers: unknown): string[][] {
  if (!Array.isArray(workers)) return [];
  return listed("worker", workers, ({ number, pid, revision, restarts, active_requests: active }) => {
    const state = revision === undefined ? "STARTING" : `process ${pid}, revision ${revision}`;
    return `${number}: ${state}, ${counted(Number(active), "active request")}, ${counted(Number(restarts), "restart")}`;
  });
}

/** None for a server of a version that tells nothing of it. */
function storeLines(store: unknown): string[][] {
  if (!isObject(store)) return [];
  const { state, reason, written_rows: written, queued_rows: waiting, dropped_rows: dropped } = store;
  const why = typeof reason === "string" ? ` (${reason})` : "";
  const isOk = state === "ok" ? "ok" : `DEGRADED${why}`;
  const rows = (count: unknown) => countText(Number(count ?? 0));
  const damaged = Number(store.damaged_blocks ?? 0);
  const lost = damaged === 0 ? "" : `, ${counted(damaged, "DAMAGED block")}`;
  const flow = `${rows(written)} written, ${rows(waiting)} waiting, ${rows(dropped)} dropped`;
  return [["store", `${isOk}, ${flow}${lost}`]];
}

function problemLines(problems: unknown): string[][] {
  if (!Array.isArray(problems) || problems.length === 0) return [];
  return [
    ["CONFIG", "what is on disk is refused; the revision above stays in force"],
    ...problems.map((problem) => ["", String(problem)]),
  ];
}
