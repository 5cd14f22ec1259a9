import { execFileSync } from "node:child_process";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeBenchConfig } from "./bench-config.ts";
import type { CandidateSpec, Place } from "./candidates.ts";
import { type Command, freePort } from "./processes.ts";

/** Assay with everything on, without its telemetry, and with everything on under conditions that it has to bear. */
export const assayCandidates: readonly CandidateSpec[] = [
  assay("assay", "assay", {}),
  { ...assay("assay-untraced", "assay", { env: () => ({ OTEL_SDK_DISABLED: "true" }) }), settleMs: 500 },
  assay("assay-redacted-content", "conditions", { content: "redacted" }),
  assay("assay-collector-down", "conditions", {
    env: async () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` }),
  }),
  { ...assay("assay-results-open", "conditions", {}), meanwhile: readResults },
  {
    ...assay("assay-2-workers", "conditions", { argv: ["--workers", "2"] }),
    workers: 2,
    absence: () => (knowsWorkers() ? undefined : "`assay serve` knows no --workers"),
  },
];

interface Difference {
  readonly content?: "redacted";
  readonly argv?: readonly string[];
  readonly env?: () => Record<string, string> | Promise<Record<string, string>>;
}

const main = path.join(import.meta.dirname, "../src/main.ts");

function assay(name: string, group: CandidateSpec["group"], difference: Difference): CandidateSpec {
  const command = async ({ folder, sinkPort, ...ports }: Place): Promise<Command> => {
    const { content, argv = [], env = () => ({}) } = difference;
    const config = writeBenchConfig(folder, { ...ports, ...(content === undefined ? {} : { content }) });
    const usual = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sinkPort}`,
      OTEL_METRIC_EXPORT_INTERVAL: "1000",
    };
    return {
      name,
      argv: [process.execPath, main, "serve", "--config", config, ...argv],
      cwd: folder,
      env: { ...usual, ...(await env()) },
    };
  };
  return { name, group, command, settleMs: 1_500 };
}

function knowsWorkers(): boolean {
  return execFileSync(process.execPath, [main, "serve", "--help"]).includes("--workers");
}

/** Somebody looks at the results, and the page asks again four times a second. */
async function readResults({ adminPort }: Place, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/admin/experiments/bench/results`);
    if (answer.status !== 200) throw new Error(`results were answered ${answer.status}`);
    await answer.arrayBuffer();
    await delay(250, undefined, { signal: over }).catch(() => {});
  }
}
