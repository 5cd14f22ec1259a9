import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { CandidateSpec } from "./candidates.ts";
import { onPath } from "./processes.ts";
import { toldVersion } from "./versions.ts";

/** What the usual gateway in Go does at the least: decodes the request's JSON, changes it, and encodes it again. */
export const goRelay: CandidateSpec = {
  name: "go-relay",
  group: "yardstick",
  absence: () => (onPath("go") === undefined ? "go is not on PATH" : undefined),
  version: () => toldVersion("go", "version"),
  command: async ({ folder, port, upstreamPort }) => {
    mkdirSync(folder, { recursive: true });
    const program = path.join(folder, "go-relay");
    await execute("go", ["build", "-o", program, path.join(import.meta.dirname, "go-relay/main.go")]);
    return { name: "go-relay", argv: [program, String(port), `http://127.0.0.1:${upstreamPort}`] };
  },
};

const execute = promisify(execFile);
