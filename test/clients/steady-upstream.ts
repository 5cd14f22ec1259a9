/** Stainless's `steady` as an upstream: it judges requests by an OpenAPI document and tells what it saw. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { unusedPort } from "../support/hostile-upstream.ts";

/** What steady says of one request. */
export interface SteadySeen {
  readonly status: unknown;
  readonly body: unknown;
  /** Code and place of everything that breaks the document. */
  readonly diagnostics: readonly string[];
}

export interface Steady {
  readonly url: string;
  /** Waits for the next request that has not been handed out yet. */
  next(): Promise<SteadySeen>;
  close(): Promise<void>;
}

/** `document` is the path of an OpenAPI document. */
export async function startSteady(document: string): Promise<Steady> {
  const port = await unusedPort();
  const program = fileURLToPath(import.meta.resolve("@stdy/cli/steady.js"));
  const options = ["--reject-on-sdk-error", "--log-format=json", "--log-level=full", "--log-bodies"];
  const child = spawn(
    process.execPath,
    [program, "--host", "127.0.0.1", "--port", String(port), ...options, document],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (type: string): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`steady ended before its next ${type}`);
      const entry: unknown = JSON.parse(value);
      if (isObject(entry) && entry.type === type) return entry;
    }
  };
  await next("startup");
  return {
    url: `http://127.0.0.1:${port}`,
    next: async () => seenOf(await next("request")),
    close: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

function seenOf({ request, response, diagnostics }: Record<string, unknown>): SteadySeen {
  return {
    status: isObject(response) ? response.status : undefined,
    body: isObject(request) ? request.body : undefined,
    diagnostics: (Array.isArray(diagnostics) ? diagnostics : [])
      .filter(isObject)
      .map(({ code, requestPath, message }) => `${code} ${requestPath} ${message}`),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
