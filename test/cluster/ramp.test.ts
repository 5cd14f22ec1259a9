/** A ramp over several workers: what breaks is taken back from all of them at once. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { configFor, type Server, startServer } from "./server-fixture.ts";

const ramp = `    fallback: [{ variant: control }]
    ramp:
      warm_up_requests: 0
      steps:
        - { share: 0.25, least: 1s, most: 1h, units: 5, requests: 5 }
        - { share: 0.5, least: 1h, most: 24h }
`;

let upstream: ScriptedUpstream;
let sink: OtlpSink;
let server: Server;
before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  sink = await startOtlpSink();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_BLRP_SCHEDULE_DELAY: "5" };
  server = await startServer({ config: configFor(upstream.url, 50, ramp), workers: 2, env });
});
after(async () => {
  await server.stop();
  await upstream.close();
  await sink.close();
});

async function view(): Promise<Record<string, unknown>> {
  const { body } = await server.admin("/admin/experiments/tone/ramp");
  // Tests look into whatever JSON came.
  return body as Record<string, unknown>;
}

let asked = 0;
/** Variants that were served; nobody sees an error. */
async function ask(count: number): Promise<ReadonlySet<string>> {
  const units = Array.from({ length: count }, () => `user-${asked++}`);
  const heard = await Promise.all(units.map((unit) => server.chat(unit)));
  assert.deepEqual([...new Set(heard.map(({ status }) => status))], [200]);
  return new Set(heard.map(({ headers }) => String(headers["x-assay-variant"])));
}

async function askUntil(isSo: (view: Record<string, unknown>) => boolean): Promise<void> {
  for (let round = 0; round < 300; round++) {
    await ask(20);
    if (isSo(await view())) return;
  }
  throw new Error(`the ramp did not get there: ${JSON.stringify(await view())}`);
}

describe("a ramp over two workers", () => {
  test("is rolled back by itself: once it says so, no worker serves the treatment", async () => {
    assert.deepEqual(await ask(40), new Set(["control"]));
    const { status } = await server.admin("/admin/experiments/tone/ramp/start", { by: "ada" });
    assert.equal(status, 200);
    await askUntil(({ actual_share: share }) => share === 0.5);
    assert.ok((await ask(60)).has("candidate"));
    upstream.setScript({ "model-b": () => ({ kind: "server_error", status: 500 }) });
    await askUntil((now) => now.status === "rolled_back");
    upstream.setScript({});
    assert.deepEqual(await ask(60), new Set(["control"]));
    assert.ok(upstream.requests.slice(-60).every(({ body }) => !body.includes("model-b")));
    const pinned = await server.chat("someone", { model: "experiment/tone@candidate" });
    assert.equal(pinned.headers["x-assay-variant"], "control");
    const told = () => sink.logs.map(({ eventName }) => eventName).filter((name) => name.includes("ramp"));
    await sink.until(() => told().includes("assay.ramp.rolled_back"), "the rollback's event");
    assert.deepEqual(told().slice(0, 3), ["assay.ramp.started", "assay.ramp.raised", "assay.ramp.raised"]);
  });

  test("is rolled back by an operator: once that is answered, no worker serves the treatment", async () => {
    await server.admin("/admin/experiments/tone/ramp/start", { by: "ada", override_lock: true });
    await askUntil(({ actual_share: share }) => share === 0.25);
    const { body } = await server.admin("/admin/experiments/tone/ramp/rollback", { by: "ada", reason: "no" });
    assert.equal((body as { status: string }).status, "rolled_back");
    assert.deepEqual(await ask(60), new Set(["control"]));
  });
});
