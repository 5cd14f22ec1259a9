/** What a soak is configured with: an experiment with a schema, a metric of outcomes, and an upstream that is never given up. */
import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { writeBenchConfig } from "./bench-config.ts";

interface SoakConfig {
  /** Writes it anew with a setting changed, so that a reload has something to do. */
  readonly change: (round: number) => void;
  readonly file: string;
}

export function writeSoakConfig(folder: string, ports: Parameters<typeof writeBenchConfig>[1]): SoakConfig {
  // For the prompt and the schema that lie beside it.
  writeBenchConfig(folder, ports);
  const file = path.join(folder, "assay.yaml");
  const change = (round: number) => {
    // Whole or not at all: the server watches the file.
    writeFileSync(`${file}.new`, JSON.stringify(configuration(ports, round), null, 2));
    renameSync(`${file}.new`, file);
  };
  change(0);
  return { file, change };
}

function configuration(ports: Parameters<typeof writeBenchConfig>[1], round: number): object {
  const variant = { weight: 50, model: "gpt-4.1-mini", prompt: "bench@v1" };
  return {
    server: { port: ports.port, admin: { port: ports.adminPort } },
    upstreams: {
      scripted: {
        base_url: `http://127.0.0.1:${ports.upstreamPort}/v1`,
        without_key: "open",
        max_concurrent: 2000,
        budgets: { connect_ms: 3_000, first_token_ms: 10_000, stall_ms: 3_000 },
        retry: { max_attempts: 1 },
        // Faults are a share of the traffic here, and must not refuse the rest.
        breaker: { minimum_calls: 1_000_000 },
      },
    },
    metrics: { resolved: { kind: "boolean" } },
    experiments: {
      soak: {
        salt: "soak",
        unit: "user",
        variants: { control: variant, candidate: { ...variant, parameters: { temperature: 0.7 } } },
        control: "control",
        output: { stream_mode: "passthrough" },
      },
    },
    telemetry: { keep_ratio: 0.1, keep_slower_than_ms: 10_000 + (round % 2) },
  };
}
