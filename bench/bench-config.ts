/** The configuration that Assay is measured with: everything on that the shipped example has on. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

interface BenchOptions {
  readonly port: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
  /** `redacted` reads every message once more; the default is `off`, as it is everywhere. */
  readonly content?: "off" | "redacted";
}

/** Writes `assay.yaml` and what it refers to into a folder of its own, and returns the file's path. */
export function writeBenchConfig(folder: string, options: BenchOptions): string {
  mkdirSync(path.join(folder, "prompts", "bench"), { recursive: true });
  writeFileSync(path.join(folder, "prompts", "bench", "v1.md"), prompt);
  writeFileSync(path.join(folder, "schema.json"), JSON.stringify(schema));
  const file = path.join(folder, "assay.yaml");
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(configuration(options), null, 2));
  return file;
}

const prompt = `---
description: The prompt of the benchmark.
combine: prepend
variables:
  type: object
  properties:
    product: { type: string, maxLength: 80, default: our product }
---
## system
You answer support questions about {{product}}. Be friendly and brief.
`;

const schema = {
  type: "object",
  properties: { reply: { type: "string", minLength: 1 }, escalate: { type: "boolean" } },
  required: ["reply", "escalate"],
  additionalProperties: false,
};

function configuration({ port, adminPort, upstreamPort, content = "off" }: BenchOptions): object {
  const variant = { weight: 50, model: "gpt-4.1-mini", prompt: "bench@v1", parameters: { temperature: 0.2 } };
  return {
    server: { port, admin: { port: adminPort } },
    upstreams: {
      bench: {
        base_url: `http://127.0.0.1:${upstreamPort}/v1`,
        without_key: "open",
        max_concurrent: 4_096,
        budgets: { connect_ms: 3_000, first_token_ms: 10_000, stall_ms: 15_000 },
        retry: { max_attempts: 1 },
        breaker: { failure_ratio: 0.5, minimum_calls: 10, window_ms: 10_000, open_ms: 5_000 },
      },
    },
    experiments: {
      bench: {
        salt: "bench",
        unit: "user",
        match: { models: ["bench"] },
        variants: { control: variant, candidate: { ...variant, parameters: { temperature: 0.7 } } },
        control: "control",
        // The words of a stream obey no schema; checked at its end, they are still read and judged whole.
        output: { schema: "./schema.json", on_invalid: "pass", stream_mode: "validate_at_end" },
        budgets: { total_ms: 120_000 },
      },
    },
    telemetry: { content, keep_ratio: 1 },
  };
}
