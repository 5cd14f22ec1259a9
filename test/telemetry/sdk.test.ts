import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";
import { unusedPort } from "../support/hostile-upstream.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { ask, startObservedApp, withEnvironment } from "./observed-app.ts";
import { scrape, totalOf } from "./scrape.ts";

const config = (url: string) => configWith({ upstreamUrl: url });
const alice = { "x-assay-user": "alice" };

/** Starts Assay with these variables, sends one request, and ends it. */
async function oneRequest(
  variables: Readonly<Record<string, string | undefined>>,
  look: (app: TestApp) => Promise<void> = async () => {},
): Promise<void> {
  const upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  const app = await withEnvironment(variables, () => startTestApp({ config: config(upstream.url) }));
  try {
    const answer = await app.chat(ask("tone"), alice);
    assert.equal(answer.status, 200);
    await answer.text();
    await look(app);
  } finally {
    await app.close();
    await upstream.close();
  }
}

const exportsTraces = async (app: TestApp) => {
  const status: unknown = await (await fetch(`${app.adminUrl}/admin/status`)).json();
  assert.ok(typeof status === "object" && status !== null && "exports_traces" in status);
  return status.exports_traces;
};

describe("what leaves", () => {
  test("is nothing at all without an endpoint", async () => {
    const ports = new Set<number | undefined>();
    const opened = (message: unknown) => {
      // What node's own channel tells of every client socket of the process.
      const { socket } = message as { readonly socket: Socket };
      socket.once("connect", () => ports.add(socket.remotePort));
      // A refusal tells the port that it wanted; a reset afterwards tells none.
      socket.once("error", (error: Error & { readonly port?: number }) => ports.add(error.port));
    };
    subscribe("net.client.socket", opened);
    const known: (number | undefined)[] = [];
    await oneRequest({ OTEL_EXPORTER_OTLP_ENDPOINT: undefined }, async (app) => {
      assert.equal(await exportsTraces(app), false);
      const { upstreams } = app.app.revision().config;
      known.push(app.app.port, app.app.adminPort, Number(new URL(upstreams.test?.baseUrl ?? "").port));
    });
    unsubscribe("net.client.socket", opened);
    ports.delete(undefined);
    assert.deepEqual([...ports].sort(), known.sort());
  });

  for (const [name, value] of [
    ["OTEL_SDK_DISABLED", "true"],
    ["OTEL_TRACES_EXPORTER", "none"],
  ]) {
    test(`has no spans with ${name}=${value}`, async () => {
      const sink = await startOtlpSink();
      await oneRequest({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, [name ?? ""]: value }, async (app) => {
        assert.equal(await exportsTraces(app), false);
      });
      await sink.close();
      assert.deepEqual(sink.spans, []);
    });
  }

  test("goes signal by signal to the endpoint of that signal", async () => {
    const sink = await startOtlpSink();
    await oneRequest({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${sink.url}/v1/logs` });
    await oneRequest({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${sink.url}/v1/metrics` });
    assert.equal(sink.spans.length, 0);
    assert.equal(sink.exports.length, 1);
    await oneRequest({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${sink.url}/v1/traces` });
    await sink.close();
    assert.equal(sink.spans.length, 3);
    assert.equal(sink.exports.length, 1);
  });

  test("goes to the console when the console is named, and to no collector", async (t) => {
    const written: unknown[] = [];
    t.mock.method(console, "dir", (value: unknown) => written.push(value));
    const sink = await startOtlpSink();
    await oneRequest({
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_TRACES_EXPORTER: "console",
      OTEL_METRICS_EXPORTER: "console",
      OTEL_LOGS_EXPORTER: "none",
    });
    await sink.close();
    assert.equal(sink.bytes().length, 0);
    const text = written.map((value) => JSON.stringify(value)).join("\n");
    assert.match(text, /experiment\.assign/);
    assert.match(text, /assay\.requests/);
  });

  test("is not pushed for Prometheus, which comes for it", async () => {
    const sink = await startOtlpSink();
    await oneRequest({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_METRICS_EXPORTER: "prometheus" });
    await sink.close();
    assert.equal(sink.exports.length, 0);
    assert.equal(sink.spans.length, 3);
  });

  test("is protobuf, compressed where the standard variable says so", async () => {
    const app = await startObservedApp({ config, otel: { OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" } });
    await (await app.chat(ask("tone"), alice)).text();
    await app.close();
    assert.deepEqual([...app.sink.contentTypes], ["application/x-protobuf"]);
    assert.equal(app.sink.spans.length, 3);
    assert.equal(app.sink.logs.length, 1);
  });

  test("is JSON where the standard variable says so, spans and events alike", async () => {
    const bodies = new Map<string, string>();
    const collector = createHttpServer(async (request, response) => {
      bodies.set(`${request.url} ${request.headers["content-type"]}`, await text(request));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
    collector.listen(0, "127.0.0.1");
    await once(collector, "listening");
    const address = collector.address();
    assert.ok(typeof address === "object" && address !== null);
    await oneRequest({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    });
    collector.close();
    const traces = bodies.get("/v1/traces application/json") ?? "";
    for (const name of ["experiment.assign", "chat ", "POST /v1/chat/completions"])
      assert.ok(traces.includes(name));
    assert.match(bodies.get("/v1/logs application/json") ?? "", /feature_flag\.evaluation/);
  });

  test("names the service as the configuration does, and the standard variables have the last word", async () => {
    const named = (url: string) =>
      configWith({ upstreamUrl: url, rest: "telemetry: { service_name: chat, environment: staging }" });
    const resourceWith = async (otel: Readonly<Record<string, string>>) => {
      const app = await startObservedApp({ config: named, otel });
      await (await app.chat(ask("tone"))).text();
      await app.close();
      return app.sink.spans[0]?.resource ?? {};
    };
    const own = await resourceWith({});
    assert.deepEqual([own["service.name"], own["deployment.environment.name"]], ["chat", "staging"]);
    const variables = { OTEL_SERVICE_NAME: "other", OTEL_RESOURCE_ATTRIBUTES: "team=search" };
    const told = await resourceWith(variables);
    assert.deepEqual([told["service.name"], told.team], ["other", "search"]);
  });
});

describe("a collector that", () => {
  test("refuses connections costs no request", async () => {
    await oneRequest({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await unusedPort()}`,
      OTEL_BSP_SCHEDULE_DELAY: "1",
      OTEL_EXPORTER_OTLP_TIMEOUT: "200",
    });
  });

  test("takes a part of the spans is quoted in the log", async () => {
    const message = Buffer.from("too old");
    const partial = Buffer.concat([Buffer.from([0x08, 3, 0x12, message.length]), message]);
    const collector = createHttpServer((request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "application/x-protobuf" });
      response.end(Buffer.concat([Buffer.from([0x0a, partial.length]), partial]));
    });
    collector.listen(0, "127.0.0.1");
    await once(collector, "listening");
    const address = collector.address();
    assert.ok(typeof address === "object" && address !== null);
    let logs: readonly string[] = [];
    await oneRequest(
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${address.port}/v1/traces` },
      async (app) => {
        logs = app.logs;
      },
    );
    collector.close();
    const told = logs.find((line) => line.includes("Partial Success")) ?? "";
    assert.match(told, /rejectedSpans.*3.*too old/);
  });

  test("is behind a full queue is told at the first drop", async () => {
    const variables = {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${await unusedPort()}`,
      OTEL_BSP_MAX_QUEUE_SIZE: "1",
      OTEL_BSP_SCHEDULE_DELAY: "60000",
      OTEL_EXPORTER_OTLP_TIMEOUT: "200",
    };
    let logs: readonly string[] = [];
    await oneRequest(variables, async (app) => {
      logs = app.logs;
      for (let request = 0; request < 3; request++) await (await app.chat(ask("tone"), alice)).text();
      const samples = await scrape(app.adminUrl);
      const dropped = totalOf(samples, "otel_sdk_processor_span_processed_total", {
        error_type: "queue_full",
      });
      assert.ok(dropped !== undefined && dropped >= 1);
      assert.equal(totalOf(samples, "otel_sdk_processor_span_queue_capacity"), 1);
    });
    assert.equal(logs.filter((line) => line.includes("its queue is full")).length, 1);
  });

  test("never answers does not hold the end up beyond its bound, and what it did not take is told", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    assert.ok(typeof address === "object" && address !== null);
    const startedAt = performance.now();
    let logs: readonly string[] = [];
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: "4000",
    };
    await oneRequest(variables, async (app) => {
      logs = app.logs;
    });
    assert.match(logs.join(""), /telemetry was lost at the end","item":"span","lost":3/);
    assert.ok(performance.now() - startedAt < 6000);
    assert.ok(sockets.length > 0);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe("the events", () => {
  test("of the assignment and of the check of the output are log records within the trace", async () => {
    const checked = (url: string) =>
      configWith({
        upstreamUrl: url,
        experiment: `    output: { schema: { title: verdict, type: object, required: [good] }, on_invalid: pass }`,
      });
    const app = await startObservedApp({ config: checked });
    app.upstream.setScript({ "*": [{ kind: "answer", content: '{"bad":1}' }] });
    const response = await app.chat(ask("tone"), alice);
    await response.text();
    await app.close();
    const [flag, evaluation, ...others] = app.sink.logs;
    assert.deepEqual(others, []);
    const server = app.sink.spans.find(({ kind }) => kind === "SERVER");
    for (const log of [flag, evaluation]) {
      assert.deepEqual([log?.traceId, log?.spanId], [server?.traceId, server?.spanId]);
    }
    const variant = response.headers.get("x-assay-variant");
    assert.equal(flag?.eventName, "feature_flag.evaluation");
    assert.deepEqual(flag?.attributes, {
      "feature_flag.key": "tone",
      "feature_flag.result.variant": variant,
      "feature_flag.result.reason": "split",
      "feature_flag.version": "tone",
      "feature_flag.provider.name": "assay",
      "assay.experiment.id": "tone",
    });
    assert.equal(evaluation?.eventName, "gen_ai.evaluation.result");
    assert.equal(evaluation?.attributes["gen_ai.evaluation.score.label"], "fail");
    assert.equal(evaluation?.attributes["assay.variant"], variant);
    assert.ok(evaluation?.attributes["gen_ai.evaluation.name"]);
  });
});

test("there is one copy of each OpenTelemetry package: two would not know each other's spans", () => {
  const lock: unknown = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8"));
  assert.ok(typeof lock === "object" && lock !== null && "packages" in lock);
  const paths = Object.keys(lock.packages ?? {});
  const copies = new Map<string, string[]>();
  for (const path of paths) {
    const [, name] = /node_modules\/(@opentelemetry\/[^/]+)$/.exec(path) ?? [];
    if (name !== undefined) copies.set(name, [...(copies.get(name) ?? []), path]);
  }
  assert.ok(copies.size > 10);
  assert.deepEqual(
    [...copies].filter(([, places]) => places.length > 1),
    [],
  );
});
