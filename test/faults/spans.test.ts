import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type HostileHandler, keepAliveRace, lastChunk, wholeAnswer } from "../support/hostile-upstream.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import {
  completion,
  done,
  type FaultyApp,
  finish,
  good,
  hello,
  openStream,
  role,
  startFaultyApp,
  statusAnswer,
  upstreamError,
} from "./fixture.ts";

let sink: OtlpSink;
let app: FaultyApp;
before(async () => {
  sink = await startOtlpSink();
  const names = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_BSP_SCHEDULE_DELAY: "5" };
  // OpenTelemetry reads them while it starts, and only then.
  Object.assign(process.env, names);
  app = await startFaultyApp();
  for (const name of Object.keys(names)) delete process.env[name];
});
after(async () => {
  await app.close();
  await sink.close();
});

interface Row {
  readonly fault: string;
  readonly play: HostileHandler;
  readonly model?: string;
  readonly stream?: boolean;
  readonly hangsUp?: boolean;
  /** `CLIENT status error.type`, one for each attempt, then `SERVER status outcome fallback`. */
  readonly spans: readonly string[];
}

const writes =
  (bytes: string): HostileHandler =>
  (socket) =>
    socket.write(bytes);

const rows: readonly Row[] = [
  {
    fault: "none",
    play: good,
    spans: ["CLIENT UNSET -", "SERVER UNSET success -"],
  },
  {
    fault: "a reset",
    play: (socket) => socket.resetAndDestroy(),
    spans: ["CLIENT ERROR upstream_reset", "CLIENT ERROR upstream_reset", "SERVER ERROR upstream_error -"],
  },
  {
    fault: "5xx for long, rescued",
    play: writes(statusAnswer(503, upstreamError("x"))),
    model: "rescued",
    spans: [
      "CLIENT ERROR upstream_error",
      "CLIENT ERROR upstream_error",
      "CLIENT ERROR upstream_error",
      "CLIENT UNSET -",
      "SERVER UNSET success upstream_error",
    ],
  },
  {
    fault: "an exhausted quota",
    play: writes(statusAnswer(429, upstreamError("insufficient_quota"))),
    spans: ["CLIENT ERROR upstream_quota_exhausted", "SERVER UNSET rate_limited -"],
  },
  {
    fault: "a redirect",
    play: writes(statusAnswer(302, "", ["location: http://127.0.0.1:1/"])),
    spans: ["CLIENT ERROR upstream_redirected", "SERVER ERROR upstream_error -"],
  },
  {
    fault: "silence",
    play: () => undefined,
    stream: true,
    spans: ["CLIENT ERROR upstream_first_token_timeout", "SERVER ERROR timeout -"],
  },
  {
    fault: "a stall",
    play: writes(openStream(role, hello)),
    stream: true,
    // The status had gone out as 200.
    spans: ["CLIENT ERROR upstream_stalled", "SERVER UNSET timeout -"],
  },
  {
    fault: "a clean end without finish_reason, held back",
    play: writes(openStream(role, hello) + lastChunk),
    stream: true,
    model: "buffered",
    spans: [
      "CLIENT ERROR upstream_stream_interrupted",
      "CLIENT UNSET -",
      "SERVER UNSET success upstream_stream_interrupted",
    ],
  },
  {
    fault: "a client that hangs up",
    play: writes(openStream(role, hello)),
    stream: true,
    hangsUp: true,
    spans: ["CLIENT ERROR client_cancelled", "SERVER UNSET cancelled -"],
  },
  {
    fault: "a deadline, answered from the shelf",
    play: () => undefined,
    model: "canned",
    spans: ["CLIENT ERROR deadline_exceeded", "SERVER UNSET success deadline_exceeded"],
  },
];

/** The spans of the request, its attempts in their order. */
async function spansOf(traceId: string) {
  const spans = await sink.trace(traceId);
  const attempts = spans
    .filter(({ kind }) => kind === "CLIENT")
    .sort(
      (a, b) => Number(a.attributes["assay.attempt.number"]) - Number(b.attributes["assay.attempt.number"]),
    );
  return { attempts, server: spans.find(({ kind }) => kind === "SERVER") };
}

describe("the trace of a request that met", () => {
  for (const { fault, play, model = "alone", stream = false, hangsUp = false, spans } of rows) {
    test(`${fault} has an attempt for each call, and its end`, async () => {
      app.play(play);
      const told = await app.ask(model, { stream, enough: (text) => hangsUp && text.includes("Hello") });
      const { attempts, server } = await spansOf(told.record.traceId);
      assert.ok(server);
      const lines = attempts.map(
        ({ status, attributes }) => `CLIENT ${status} ${attributes["error.type"] ?? "-"}`,
      );
      const { attributes } = server;
      const cause = attributes["assay.fallback.cause"] ?? "-";
      assert.deepEqual([...lines, `SERVER ${server.status} ${attributes["assay.outcome"]} ${cause}`], spans);
      assert.equal(attributes["error.type"], told.record.errorType);
      assert.equal(told.headers["x-trace-id"], told.record.traceId);
    });
  }

  test("a keep-alive race has two attempts, the second a retry that links to the first", async () => {
    app.play(keepAliveRace(wholeAnswer(completion)));
    await app.ask("alone");
    const told = await app.ask("alone");
    assert.equal(told.status, 200);
    const { attempts, server } = await spansOf(told.record.traceId);
    assert.deepEqual(
      attempts.map(({ attributes }) => [attributes["assay.attempt.reason"], attributes["error.type"]]),
      [
        ["initial", "upstream_reset"],
        ["retry", undefined],
      ],
    );
    assert.equal(attempts[1]?.links[0]?.spanId, attempts[0]?.spanId);
    assert.equal(server?.status, "UNSET");
  });

  test("malformed chunks counts them", async () => {
    app.play(writes(openStream(role, "data: {oops\n\n", hello, "data: 7\n\n", finish, done)));
    const told = await app.ask("alone", { stream: true });
    const { attempts } = await spansOf(told.record.traceId);
    assert.equal(attempts[0]?.attributes["assay.stream.malformed_chunks"], 2);
  });
});
