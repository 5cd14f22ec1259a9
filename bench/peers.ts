/**
 * The gateways that a user would weigh against Assay, each in one process, with its own logging and caching off.
 * `bench/README.md` says how to set each up. All of them write the JSON anew, so their answers are compared by content.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CandidateSpec } from "./candidates.ts";
import { isExecutable, onPath } from "./processes.ts";
import { packageVersion, pythonVersion } from "./versions.ts";

const portkey: CandidateSpec = {
  name: "portkey",
  group: "peer",
  absence: absence("PORTKEY_GATEWAY"),
  version: () => packageVersion(found("PORTKEY_GATEWAY")),
  target: ({ upstreamPort }) => ({
    check: "content",
    headers: {
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": `http://127.0.0.1:${upstreamPort}/v1`,
    },
  }),
  command: ({ port }) => ({
    name: "portkey",
    argv: [process.execPath, found("PORTKEY_GATEWAY"), `--port=${port}`, "--headless"],
    env: { NODE_ENV: "production" },
  }),
};

const litellm: CandidateSpec = {
  name: "litellm",
  group: "peer",
  absence: absence("LITELLM", "litellm"),
  version: () => pythonVersion(found("LITELLM", "litellm"), "litellm"),
  target: () => ({ check: "content" }),
  command: ({ folder, port, upstreamPort }) => {
    const file = written(folder, "config.yaml", {
      model_list: [
        {
          model_name: "bench",
          litellm_params: {
            model: "openai/gpt-4.1-mini",
            api_base: `http://127.0.0.1:${upstreamPort}/v1`,
            api_key: "bench",
          },
        },
      ],
      general_settings: { dangerously_permit_weak_or_unset_master_key: true },
      litellm_settings: { telemetry: false, num_retries: 0, turn_off_message_logging: true },
    });
    const options = ["--config", file, "--host", "127.0.0.1", "--port", String(port), "--num_workers", "1"];
    return {
      name: "litellm",
      argv: [found("LITELLM", "litellm"), ...options],
      cwd: folder,
      env: { LITELLM_LOG: "ERROR", LITELLM_LOCAL_MODEL_COST_MAP: "True" },
    };
  },
};

const bifrost: CandidateSpec = {
  name: "bifrost",
  group: "peer",
  absence: absence("BIFROST", "bifrost-http"),
  target: () => ({ check: "content", model: "openai/gpt-4.1-mini" }),
  command: ({ folder, port, upstreamPort }) => {
    written(folder, "config.json", {
      client: { enable_logging: false, drop_excess_requests: false },
      config_store: { enabled: false },
      providers: {
        openai: {
          keys: [{ name: "bench", value: "bench", models: ["*"], weight: 1 }],
          network_config: { base_url: `http://127.0.0.1:${upstreamPort}` },
          concurrency_and_buffer_size: { concurrency: 4_096, buffer_size: 8_192 },
        },
      },
    });
    const options = ["-app-dir", folder, "-host", "127.0.0.1", "-port", String(port), "-log-level", "error"];
    return { name: "bifrost", argv: [found("BIFROST", "bifrost-http"), ...options] };
  },
};

const tensorzero: CandidateSpec = {
  name: "tensorzero",
  group: "peer",
  absence: absence("TENSORZERO_GATEWAY"),
  target: () => ({
    check: "content",
    path: "/openai/v1/chat/completions",
    model: "tensorzero::model_name::bench",
  }),
  command: ({ folder, port, upstreamPort }) => {
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, "tensorzero.toml");
    writeFileSync(
      file,
      `
[gateway]
bind_address = "127.0.0.1:${port}"
observability.enabled = false
[models.bench]
routing = ["bench"]
[models.bench.providers.bench]
type = "openai"
model_name = "gpt-4.1-mini"
api_base = "http://127.0.0.1:${upstreamPort}/v1"
api_key_location = "none"
`,
    );
    return { name: "tensorzero", argv: [found("TENSORZERO_GATEWAY"), "--config-file", file] };
  },
};

export const peers: readonly CandidateSpec[] = [portkey, litellm, bifrost, tensorzero];

/** JSON is YAML. */
function written(folder: string, name: string, content: object): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify(content, null, 2));
  return file;
}

function absence(variable: string, program?: string): () => string | undefined {
  const elsewhere = program === undefined ? "" : `, and ${program} is not on PATH`;
  return () => {
    const file = process.env[variable];
    if (file === undefined)
      return program !== undefined && onPath(program) !== undefined
        ? undefined
        : `${variable} is not set${elsewhere}`;
    return isExecutable(file) ? undefined : `${variable} names no program`;
  };
}

/** Only asked for what is not absent. */
function found(variable: string, program = ""): string {
  return process.env[variable] ?? onPath(program) ?? program;
}
