/** A whole Assay in this process, on free ports of loopback, with its own folder that goes when it is closed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type App, startApp } from "../../src/app.ts";
import type { RequestRecord } from "../../src/domain/record.ts";

export interface TestApp {
  readonly app: App;
  /** `http://127.0.0.1:PORT/v1` */
  readonly url: string;
  readonly adminUrl: string;
  readonly folder: string;
  readonly logs: string[];
  /** Writes a file of the configuration; paths are relative to its folder. */
  write(path: string, text: string): void;
  chat(body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Waits until `count` chat requests have been recorded; newest last. */
  records(count: number): Promise<readonly RequestRecord[]>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  /** The text of assay.yaml. */
  readonly config: string;
  /** Prompts, schemas and other files, by relative path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The file's engine, for tests of what lasts; memory unless told. */
  readonly storeEngine?: "sqlite" | "memory";
  readonly workers?: number;
  readonly rampEvaluateMs?: number;
  /** A folder to use again, for restarts; it is then not removed. */
  readonly folder?: string;
}

export async function startTestApp(options: TestAppOptions): Promise<TestApp> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "assay-test-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write("assay.yaml", options.config);
  for (const [path, text] of Object.entries(options.files ?? {})) write(path, text);
  const logs: string[] = [];
  const app = await startApp({
    configPath: join(folder, "assay.yaml"),
    env: options.env ?? {},
    port: 0,
    adminPort: 0,
    // Two threads for each of hundreds of apps would be most of what the tests do.
    storeEngine: options.storeEngine ?? "memory",
    workers: options.workers,
    rampEvaluateMs: options.rampEvaluateMs,
    writeLog: (line) => logs.push(line),
  });
  const url = `http://127.0.0.1:${app.port}/v1`;
  return {
    app,
    url,
    adminUrl: `http://127.0.0.1:${app.adminPort}`,
    folder,
    logs,
    write,
    chat: (body, headers = {}) =>
      fetch(`${url}/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    async records(count) {
      // A record is written when the last byte has left, a turn or two after the client has it.
      for (let turn = 0; turn < 20_000; turn++) {
        const recent = await app.records.recent({ limit: 1000 });
        if (recent.length >= count) return recent.toReversed();
        await setImmediate();
      }
      throw new Error(`only ${(await app.records.recent({ limit: 1000 })).length} of ${count} records came`);
    },
    async close() {
      await app.close();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A configuration with one experiment over this upstream; `experiment` is YAML under it, indented by four spaces. */
export function configWith(parts: {
  readonly upstreamUrl: string;
  readonly upstream?: string;
  readonly experiment?: string;
  readonly rest?: string;
}): string {
  return `
upstreams:
  test:
    base_url: ${parts.upstreamUrl}
    retry: { base_ms: 1, max_ms: 5 }
${parts.upstream ?? ""}
experiments:
  tone:
    unit: user
    match: { models: [tone] }
    variants:
      control: { weight: 50, model: model-a }
      candidate: { weight: 50, model: model-b }
    control: control
${parts.experiment ?? ""}
${parts.rest ?? ""}
`;
}
