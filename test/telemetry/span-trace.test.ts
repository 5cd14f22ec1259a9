import assert from "node:assert/strict";
import { test } from "node:test";
import { createIds } from "../../src/core/ids.ts";
import { createRedactor } from "../../src/core/redaction.ts";
import { OpenTraces } from "../../src/telemetry/open-traces.ts";
import { createOutgoing } from "../../src/telemetry/outgoing.ts";
import { noSpans, type SpanSink } from "../../src/telemetry/span-sink.ts";
import { createTracing } from "../../src/telemetry/tracing.ts";
import { record } from "../stores/record-fixture.ts";

/** A trace into a sink that breaks when it is told of this route. */
function breaking(route: string) {
  const told: string[] = [];
  const failed: unknown[] = [];
  const bug = new Error("a bug");
  let current = "";
  const spans: SpanSink = {
    ...noSpans,
    begin({ name }) {
      current = name;
      return true;
    },
    number: () => {
      if (current.endsWith(route)) throw bug;
    },
    end: () => void told.push(current),
  };
  const tracing = createTracing({
    makers: {
      spans,
      events: undefined,
      open: new OpenTraces(),
      policy: () => ({ keepRatio: 1, keepSlowerThanMs: 1000 }),
      failed: (error) => failed.push(error),
      isSampled: () => true,
    },
    ids: createIds(Date.now),
    outgoing: createOutgoing(createRedactor(), () => {}),
    content: () => ({ content: "redacted", contentSample: 1, contentMaxChars: 2000 }),
  });
  const trace = tracing.begin({
    method: "GET",
    route: "/server",
    path: "/",
    requestId: "1",
    headers: {},
    startedAt: 0,
  });
  const forward = (name: string) =>
    trace.forward({ method: "GET", route: name, upstream: "test", serverAddress: "::1", serverPort: 1 });
  return { told, failed, bug, trace, forward };
}

test("a span that cannot be told costs neither those behind it nor the request", () => {
  const { told, failed, bug, trace, forward } = breaking("/two");
  for (const route of ["/one", "/two", "/three"]) forward(route).end(200, undefined);
  const late = forward("/late/two");
  trace.end(record());
  trace.end(record());
  late.end(200, undefined);
  assert.deepEqual(told, ["GET /one", "GET /three", "GET /server"]);
  assert.deepEqual(failed, [bug, bug]);
});

test("an attempt whose end cannot be made out costs its own span alone", () => {
  const { told, failed, trace } = breaking("/none");
  const facts = { number: 1, reason: "first" };
  // Broken as no caller's are: everything else that it needs is missing.
  const attempt = trace.attempt(facts as Parameters<typeof trace.attempt>[0]);
  attempt.end({
    completion: undefined,
    failure: undefined,
    usage: undefined,
    costUsd: undefined,
    upstreamRequestId: undefined,
  });
  trace.end(record());
  assert.equal(failed.length, 1);
  assert.deepEqual(told, ["GET /server"]);
});
