import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readYaml, runTool, toolOptions } from "./deployed.ts";

interface Pipeline {
  readonly receivers: readonly string[];
  readonly processors?: readonly string[];
  readonly exporters: readonly string[];
}

interface CollectorConfig {
  readonly receivers: Record<string, unknown>;
  readonly processors: Record<string, unknown> & {
    readonly redaction: {
      readonly blocked_key_patterns: readonly string[];
      readonly blocked_values: readonly string[];
    };
  };
  readonly connectors: Record<string, unknown>;
  readonly exporters: Record<
    string,
    { readonly sending_queue?: { readonly storage?: string; readonly batch?: unknown } }
  >;
  readonly extensions: Record<string, unknown>;
  readonly service: {
    readonly extensions: readonly string[];
    readonly pipelines: Readonly<Record<string, Pipeline>>;
  };
}

const config = readYaml<CollectorConfig>("otel-collector.yaml");
const pipelines = Object.entries(config.service.pipelines);

describe("the collector's configuration", () => {
  test("defines every part that a pipeline names, and no part that none names", () => {
    const connectors = Object.keys(config.connectors);
    const used = {
      receivers: pipelines.flatMap(([, p]) => p.receivers).filter((name) => !connectors.includes(name)),
      processors: pipelines.flatMap(([, p]) => p.processors ?? []),
      exporters: pipelines.flatMap(([, p]) => p.exporters).filter((name) => !connectors.includes(name)),
    };
    for (const kind of ["receivers", "processors", "exporters"] as const) {
      assert.deepEqual([...new Set(used[kind])].toSorted(), Object.keys(config[kind]).toSorted(), kind);
    }
    assert.deepEqual([...config.service.extensions], Object.keys(config.extensions));
  });

  test("limits memory first wherever data comes in, and redacts whatever leaves with content", () => {
    for (const [name, pipeline] of pipelines.filter(([, p]) => p.receivers.includes("otlp"))) {
      assert.equal(pipeline.processors?.[0], "memory_limiter", name);
      if (!name.startsWith("metrics")) assert.equal(pipeline.processors?.[1], "redaction", name);
    }
  });

  test("makes metrics of spans before it samples any away", () => {
    const before = pipelines.find(([, p]) => p.exporters.includes("span_metrics"));
    const sampling = pipelines.filter(([, p]) => p.processors?.includes("tail_sampling"));
    assert.ok(!before?.[1].processors?.includes("tail_sampling"));
    assert.deepEqual(
      sampling.map(([, p]) => p.receivers),
      [["forward/stored"]],
    );
    assert.ok(before?.[1].exporters.includes("forward/stored"));
  });

  test("queues on disk what goes to a store, and batches in that queue only", () => {
    for (const [name, exporter] of Object.entries(config.exporters).filter(([n]) => n.startsWith("otlp"))) {
      assert.equal(exporter.sending_queue?.storage, "file_storage", name);
      assert.ok(exporter.sending_queue?.batch, name);
    }
    assert.ok(!Object.keys(config.processors).includes("batch"));
  });

  test("lets no pushed copy of the metrics reach Prometheus, which scrapes them", () => {
    const pushed = pipelines.filter(([, p]) => p.exporters.includes("otlp_http/prometheus"));
    assert.deepEqual(
      pushed.map(([, p]) => p.receivers),
      [["span_metrics"]],
    );
  });

  test("the second net catches credentials and personal data", () => {
    const caught = [
      "sk-proj-abcdefghijklmnop1234",
      "Authorization: Bearer abcdef.ghijkl-mnop",
      "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT",
      "AKIAIOSFODNN7EXAMPLE",
      "write to jane.doe+x@mail.example.co.uk today",
      "4111 1111 1111 1111",
      "378282246310005",
      "078-05-1120",
    ];
    for (const text of caught) assert.ok(isBlockedValue(text), text);
    for (const key of ["http.request.header.authorization", "api_key", "set-cookie", "db.password"]) {
      assert.ok(isBlockedKey(key), key);
    }
  });

  test("the second net leaves ids, hashes, prices and token counts alone", () => {
    const kept = [
      "9f86d081884c7d659a2feaa0c55ad015",
      "41111111111111114111111111111111a",
      "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
      "2026-11-22T17:50:00.000Z",
      "gpt-4.1-mini-2025-04-14",
      "support-reply@v2",
      "10.0.0.1:4318",
    ];
    for (const text of kept) assert.ok(!isBlockedValue(text), text);
    for (const key of ["gen_ai.usage.input_tokens", "assay.token_out", "assay.assignment.unit_hash"]) {
      assert.ok(!isBlockedKey(key), key);
    }
  });

  test(
    "the collector itself accepts it",
    toolOptions("otelcol-contrib", { required: false }),
    () => void runTool("otelcol-contrib", ["validate", "--config=otel-collector.yaml"]),
  );
});

const isBlockedValue = (text: string) => matchesAny(config.processors.redaction.blocked_values, text);
const isBlockedKey = (key: string) => matchesAny(config.processors.redaction.blocked_key_patterns, key);

/** Go writes "ignore case" into the pattern, JavaScript beside it; the rest of these patterns means the same to both. */
function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) =>
    pattern.startsWith("(?i)")
      ? new RegExp(pattern.slice(4), "i").test(text)
      : new RegExp(pattern).test(text),
  );
}
