/** A whole server with workers, as its own processes, in a folder that goes when it is stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Heard, rawPost } from "../support/raw-post.ts";

export interface WorkerStatus {
  readonly number: number;
  readonly pid?: number;
  readonly restarts: number;
  readonly revision?: string;
  readonly active_requests: number;
}

export interface Server {
  readonly child: ChildProcess;
  readonly url: string;
  readonly adminUrl: string;
  readonly folder: string;
  /** Everything that the processes have written so far. */
  readonly words: () => string;
  readonly exited: Promise<number | null>;
  write(config: string): void;
  /** On a connection of its own, so that the workers take turns. */
  chat(unit: string, members?: Readonly<Record<string, unknown>>): Promise<Heard>;
  outcome(requestId: string): Promise<Heard>;
  admin(
    path: string,
    body?: unknown,
    method?: "POST" | "PUT",
  ): Promise<{ readonly status: number; readonly body: unknown }>;
  workers(): Promise<readonly WorkerStatus[]>;
  stop(): Promise<void>;
}

const bin = fileURLToPath(new URL("../../bin/assay.js", import.meta.url));

export interface ServerOptions {
  readonly config: string;
  readonly workers?: number;
  readonly port?: number;
  readonly adminPort?: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The process as it was started, whatever becomes of it. */
export function spawnServer(folder: string, options: ServerOptions) {
  const { config, workers = 2, port = 0, adminPort = 0, args = [], env = {} } = options;
  writeFileSync(join(folder, "assay.yaml"), config);
  const ports = [
    "--port",
    String(port),
    "--admin-port",
    String(adminPort),
    "--workers",
    String(workers),
    ...args,
  ];
  const child = spawn(process.execPath, [bin, "serve", "--config", join(folder, "assay.yaml"), ...ports], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let text = "";
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
  }
  const exited: Promise<number | null> = once(child, "close").then(([code]) => code);
  return { child, exited, words: () => text };
}

export async function startServer(options: ServerOptions): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "assay-cluster-"));
  const started = spawnServer(folder, options);
  const [url = "", adminUrl = ""] = await saidOf(started, /serves (\S+)\s+admin (\S+)/);
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    rawPost({ url: `${url}${path}`, headers: { "content-type": "application/json", ...headers }, body });
  const admin: Server["admin"] = async (path, body, method = "POST") => {
    const json = { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(`${adminUrl}${path}`, body === undefined ? {} : json);
    return { status: response.status, body: await response.json() };
  };
  return {
    ...started,
    url,
    adminUrl,
    folder,
    write: (config) => writeFileSync(join(folder, "assay.yaml"), config),
    chat: (unit, members = {}) =>
      post("/chat/completions", { model: "tone", messages: [], ...members }, { "x-assay-user": unit }),
    outcome: (requestId) => post("/outcomes", { request_id: requestId, metric: "thumb", value: true }),
    admin,
    async workers() {
      const { body } = await admin("/admin/status");
      return (body as { workers: readonly WorkerStatus[] }).workers;
    },
    async stop() {
      started.child.kill("SIGKILL");
      await started.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function saidOf(started: ReturnType<typeof spawnServer>, what: RegExp): Promise<readonly string[]> {
  let hasEnded = false;
  started.exited.then(() => {
    hasEnded = true;
  });
  try {
    await until("the welcome", () => hasEnded || what.test(started.words()));
  } catch (error) {
    started.child.kill("SIGKILL");
    throw error;
  }
  const match = what.exec(started.words());
  if (match === null) throw new Error(`the server ended: ${started.words()}`);
  return match.slice(1);
}

/** Asks again and again; so long is for a machine that has much else to do. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`${what} did not come`);
    await setImmediate();
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** One experiment, whose halves the test may weigh. */
export function configFor(upstreamUrl: string, candidate = 50, rest = ""): string {
  return `
upstreams:
  test: { base_url: "${upstreamUrl}", retry: { max_attempts: 1 } }
metrics:
  thumb: { kind: boolean }
experiments:
  tone:
    unit: user
    match: { models: [tone] }
    variants:
      control: { weight: ${100 - candidate}, model: model-a }
      candidate: { weight: ${candidate}, model: model-b }
    control: control
${rest}`;
}
