import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface Started {
  readonly name: string;
  readonly pid: number;
  /** The last of what it wrote to stderr. */
  readonly words: () => string;
  readonly hasEnded: () => boolean;
  /** Sends a message over its channel, and resolves with the next one that comes back. Throws when it ends instead. */
  ask(message: string): Promise<unknown>;
  stop(): Promise<void>;
}

export interface Command {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Hears what it writes to stderr. */
  readonly hear?: (text: string) => void;
  /** For a script of Node that answers messages. */
  readonly hasChannel?: boolean;
}

/** Where PATH finds a program; undefined when it does not. */
export function onPath(program: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  return folders.map((folder) => path.join(folder, program)).find(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts a process that the caller stops: SIGTERM, and SIGKILL five seconds later. */
export function start({
  name,
  argv: [program, ...rest],
  env = {},
  cwd,
  hear = () => {},
  hasChannel = false,
}: Command): Started {
  const child = spawn(program, rest, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe", ...(hasChannel ? (["ipc"] as const) : [])],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-2_000);
    hear(text);
  });
  child.on("error", (error) => {
    words += error.message;
  });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  return {
    name,
    pid: child.pid ?? -1,
    words: () => words,
    hasEnded,
    ask: (message) => ask(child, message),
    stop: () => stop(child, hasEnded),
  };
}

async function ask(child: ChildProcess, message: string): Promise<unknown> {
  const over = new AbortController();
  const ended = once(child, "exit", { signal: over.signal }).then(() => {
    throw new Error("it ended before it answered");
  });
  try {
    const answer = once(child, "message", { signal: over.signal });
    child.send(message);
    return (await Promise.race([answer, ended]))[0];
  } finally {
    over.abort();
  }
}

async function stop(child: ChildProcess, hasEnded: () => boolean): Promise<void> {
  if (hasEnded()) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(killer);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}

/** Resolves when the port takes connections; throws with the process's own words when it ends or 90 s pass. */
export async function waitForPort(started: Started, port: number): Promise<void> {
  const until = performance.now() + 90_000;
  while (!(await takesConnections(port))) {
    if (started.hasEnded()) throw new Error(`${started.name} ended before it listened: ${started.words()}`);
    if (performance.now() > until)
      throw new Error(`${started.name} does not listen on ${port}: ${started.words()}`);
    await delay(50);
  }
}

function takesConnections(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("connect", () => resolve(true));
  socket.on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

interface Usage {
  /** User and system time of the process, its threads and its children. */
  readonly cpuUs: number;
  readonly rssBytes: number;
}

/** What a process and its descendants have used so far, from procfs (Linux only). */
export function usageOf(pid: number): Usage {
  const pids = processTree(pid);
  return {
    cpuUs: pids.reduce((sum, one) => sum + cpuUs(one), 0),
    rssBytes: pids.reduce((sum, one) => sum + rssBytes(one), 0),
  };
}

/** Scheduler time is in nanoseconds but forgets ended threads; `stat` remembers them in ticks of 10 ms. The larger is right. */
function cpuUs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const running = threads.map((id) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]),
  );
  const fields = afterName(pid);
  const ticksUs = (Number(fields[11]) + Number(fields[12])) * 10_000;
  const scheduledUs = running.reduce((sum, ns) => sum + ns / 1_000, 0);
  return ticksUs - scheduledUs > threads.length * 20_000 ? ticksUs : scheduledUs;
}

function rssBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1_024;
}

function processTree(root: number): readonly number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap(parentOf);
  const found = [root];
  for (const pid of found)
    found.push(...parents.filter((entry) => entry.parent === pid).map((entry) => entry.pid));
  return found;
}

function parentOf(name: string): readonly { readonly pid: number; readonly parent: number }[] {
  try {
    return [{ pid: Number(name), parent: Number(afterName(Number(name))[1]) }];
  } catch {
    // It ended between the listing and the reading.
    return [];
  }
}

/** The fields of `stat` from the third on: the second, a name in brackets, may hold spaces. */
function afterName(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
