/** Several workers are to a client and to an operator what one process is. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { good } from "../faults/fixture.ts";
import { type HostileUpstream, startHostileUpstream } from "../support/hostile-upstream.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import type { Heard } from "../support/raw-post.ts";
import { scrape, totalOf } from "../telemetry/scrape.ts";
import { configFor, type Server, startServer, until, type WorkerStatus } from "./server-fixture.ts";

let upstream: HostileUpstream;
let server: Server;
let sink: OtlpSink;
/** Answers that wait until the test lets them go, while `isHeld`. */
const held: (() => void)[] = [];
let isHeld = false;
/** Chat requests that have been answered. */
let answered = 0;

before(async () => {
  upstream = await startHostileUpstream((socket: Socket, request: Buffer) => {
    if (isHeld) held.push(() => good(socket, request));
    else good(socket, request);
  });
  sink = await startOtlpSink();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_BSP_SCHEDULE_DELAY: "5" };
  server = await startServer({ config: configFor(upstream.url), env });
});
after(async () => {
  await server.stop();
  await Promise.all([upstream.close(), sink.close()]);
});

async function chat(unit: string): Promise<Heard> {
  const heard = await server.chat(unit);
  assert.equal(heard.status, 200, heard.text);
  answered++;
  return heard;
}

const chats = (count: number, unit = (index: number) => `unit-${index}`) =>
  Promise.all(Array.from({ length: count }, (_, index) => chat(unit(index))));
const told = (heard: readonly Heard[], header: string) => [
  ...new Set(heard.map(({ headers }) => String(headers[header]))),
];

describe("workers", () => {
  test("take turns, and the server counts the open requests of all", async () => {
    isHeld = true;
    const asked = chats(4);
    try {
      await until("four requests at the upstream", () => held.length === 4);
      // Whoever is quicker to take a connection may get the next one too.
      const isShared = async () => {
        const { body } = await server.admin("/admin/status");
        const { active_requests: active, workers } = body as {
          active_requests: number;
          workers: readonly WorkerStatus[];
        };
        return active === 4 && workers.every((worker) => worker.active_requests >= 1);
      };
      await until("four requests, and one in each worker", isShared);
    } finally {
      isHeld = false;
      for (const go of held.splice(0)) go();
      await asked;
    }
  });

  test("give a unit the same variant, whichever of them it meets, and the one that is explained", async () => {
    for (const unit of ["ada", "grace", "alan"]) {
      const variants = told(await chats(6, () => unit), "x-assay-variant");
      const { body } = await server.admin(`/admin/experiments/tone/explain?unit=${unit}`);
      assert.deepEqual(variants, [(body as { served: string }).served]);
    }
  });

  test("all obey a kill by the time it is answered, in the middle of traffic, and its end", async () => {
    const pinned = await server.chat("ada");
    assert.equal(pinned.status, 200);
    answered++;
    let isOver = false;
    const traffic = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!isOver) await chats(1);
      }),
    );
    try {
      assert.equal((await server.admin("/admin/kill", { scope: "tone", reason: "it hurts" })).status, 200);
      assert.deepEqual(told(await chats(20), "x-assay-variant"), ["control"]);
      assert.equal((await server.admin("/admin/revive", { scope: "tone", reason: "healed" })).status, 200);
      assert.deepEqual(told(await chats(20), "x-assay-variant").toSorted(), ["candidate", "control"]);
    } finally {
      isOver = true;
      await traffic;
    }
  });

  test("all serve a new configuration by the time its reload is answered", async () => {
    const before = told(await chats(4), "x-assay-revision");
    server.write(configFor(upstream.url, 50, "    budgets: { total_ms: 50000 }\n"));
    const { status, body } = await server.admin("/admin/reload", { reason: "more time" });
    assert.equal(status, 200);
    const { revision } = body as { revision: string };
    assert.deepEqual(told(await chats(8), "x-assay-revision"), [revision]);
    assert.notDeepEqual(before, [revision]);
    const workers = await server.workers();
    assert.deepEqual(
      workers.map((worker) => worker.revision),
      [revision, revision],
    );
  });

  test("keep what they serve when a configuration is refused", async () => {
    const before = told(await chats(4), "x-assay-revision");
    server.write(configFor(upstream.url, 50, "    budgets: { total_ms: soon }\n"));
    assert.equal((await server.admin("/admin/reload", { reason: "a slip" })).status, 400);
    assert.deepEqual(told(await chats(4), "x-assay-revision"), before);
    server.write(configFor(upstream.url, 50, "    budgets: { total_ms: 50000 }\n"));
    assert.equal((await server.admin("/admin/reload", { reason: "mended" })).status, 200);
  });

  test("all serve shares that were set by hand by the time that is answered", async () => {
    const order = { coverage: 0.5, reason: "less of it" };
    const { status, body } = await server.admin("/admin/experiments/tone/allocation", order, "PUT");
    assert.equal(status, 200, JSON.stringify(body));
    const { revision } = body as { revision: string };
    assert.deepEqual(told(await chats(8), "x-assay-revision"), [revision]);
  });

  test("have a record of every answer, and their counters add up", async () => {
    // The last request is counted when its last byte has left, a turn or two after the client has it.
    const counted = async () => totalOf(await scrape(server.adminUrl), "assay_requests_total");
    await until("the count of the last request", async () => (await counted()) === answered);
    const samples = await scrape(server.adminUrl);
    assert.equal(totalOf(samples, "assay_request_duration_count"), answered);
    assert.equal(totalOf(samples, "assay_config_reloads_total", { result: "refused" }), 1);
    const { body } = await server.admin("/admin/records?limit=1000");
    const { records } = body as { records: readonly { requestId: string }[] };
    assert.equal(records.length, answered);
    assert.equal(new Set(records.map(({ requestId }) => requestId)).size, answered);
  });

  test("send their traces themselves, each under an instance id of its own", async () => {
    const heard = await chats(4);
    const servers = () => sink.spans.filter(({ kind }) => kind === "SERVER");
    const ids = told(heard, "x-trace-id");
    await until("four traces", () => ids.every((id) => servers().some(({ traceId }) => traceId === id)));
    assert.equal(new Set(servers().map(({ resource }) => resource["service.instance.id"])).size, 2);
    const countedAsSent = async () => {
      const samples = await scrape(server.adminUrl);
      assert.equal(totalOf(samples, "otel_sdk_processor_span_queue_capacity"), 2 * 8192);
      return totalOf(samples, "otel_sdk_processor_span_processed_total");
    };
    await until("the count of all spans", async () => (await countedAsSent()) === sink.spans.length);
  });

  test("answer for their health on the port that they share", async () => {
    const health = await fetch(`${server.url.replace("/v1", "")}/healthz`);
    assert.equal(health.status, 200);
    assert.equal((await fetch(`${server.adminUrl}/readyz`)).status, 200);
  });
});
