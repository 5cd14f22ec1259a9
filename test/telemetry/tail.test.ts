import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Context, ROOT_CONTEXT, type Span, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import {
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { attribute } from "../../src/telemetry/semconv.ts";
import { markFailed } from "../../src/telemetry/spans.ts";
import { TailKeeper, type TailPolicy } from "../../src/telemetry/tail.ts";

const nothing: TailPolicy = { keepRatio: 0, keepSlowerThanMs: 1000 };

/** A tracer behind a keeper; `kept` names the spans that came through, in order. */
function keeping(policy: TailPolicy = nothing) {
  const kept: string[] = [];
  const next: SpanProcessor = {
    onStart: () => {},
    onEnd: (span: ReadableSpan) => kept.push(span.name),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const keeper = new TailKeeper(next, () => policy);
  const tracer = new TracerProvider({ spanProcessors: [keeper] }).getTracer("test");
  const child = (server: Span, name = "child") =>
    tracer.startSpan(name, { kind: SpanKind.CLIENT }, trace.setSpan(ROOT_CONTEXT, server));
  const server = (name = "server", context: Context = ROOT_CONTEXT) =>
    tracer.startSpan(name, { kind: SpanKind.SERVER }, context);
  return { kept, keeper, server, child };
}

/** One request with one child and these facts; says whether both came through. */
function isKept(facts: Readonly<Record<string, string | number | boolean>>, policy?: TailPolicy): boolean {
  const { kept, server, child } = keeping(policy);
  const request = server();
  child(request).end();
  request.setAttributes(facts).end();
  assert.ok(kept.length === 0 || kept.length === 2, "parts of one request have had different fates");
  return kept.length === 2;
}

describe("with a share of 0", () => {
  const plain = {
    [attribute.outcome]: "success",
    [attribute.attemptNumber]: 1,
    [attribute.safetyOutcome]: "pass",
  };

  test("a request that simply went well is dropped", () => {
    assert.equal(isKept(plain), false);
    assert.equal(isKept({ ...plain, [attribute.validationResult]: "pass" }), false);
    assert.equal(isKept({ ...plain, [attribute.latencyMs]: 1000 }), false);
  });

  const incidents: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>> = {
    "that failed": { [attribute.outcome]: "upstream_error" },
    "that its client gave up": { [attribute.outcome]: "cancelled" },
    "that the client got wrong": { [attribute.outcome]: "client_error" },
    "that a fallback served": { [attribute.fallbackUsed]: true },
    "with invalid output": { [attribute.validationResult]: "fail" },
    "that the model refused": { [attribute.safetyOutcome]: "refused" },
    "that took two attempts": { [attribute.attemptNumber]: 2 },
    "that was slow": { [attribute.latencyMs]: 1000.1 },
  };
  for (const [name, facts] of Object.entries(incidents)) {
    test(`a request ${name} is kept`, () => assert.equal(isKept({ ...plain, ...facts }), true));
  }

  test("a server error that was only passed through is kept", () => {
    const { kept, server } = keeping();
    const request = server();
    request.setAttributes(plain);
    markFailed(request, undefined);
    request.end();
    assert.deepEqual(kept, ["server"]);
  });
});

describe("the spans of one request", () => {
  test("come through together, the children first", () => {
    const { kept, server, child } = keeping({ ...nothing, keepRatio: 1 });
    const one = server("server 1");
    const two = server("server 2");
    child(two, "child 2").end();
    child(one, "child 1").end();
    assert.deepEqual(kept, []);
    two.end();
    one.end();
    assert.deepEqual(kept, ["child 2", "server 2", "child 1", "server 1"]);
  });

  test("share their fate with a child that ends later", () => {
    const { kept, server, child } = keeping();
    const [dropped, failed] = [server("dropped"), server("failed")];
    const late = [child(dropped, "late child of dropped"), child(failed, "late child of failed")];
    dropped.end();
    failed.setAttribute(attribute.outcome, "timeout").end();
    for (const span of late) span.end();
    assert.deepEqual(kept, ["failed", "late child of failed"]);
  });

  test("are kept when the process ends before the request does", async () => {
    const { kept, keeper, server, child } = keeping();
    child(server()).end();
    await keeper.shutdown();
    assert.deepEqual(kept, ["child"]);
  });
});

describe("requests that never end", () => {
  test("do not keep their spans for ever", async () => {
    const { kept, keeper, server, child } = keeping();
    for (let request = 0; request < 10_001; request++) child(server(), `child ${request}`).end();
    await keeper.shutdown();
    assert.equal(kept.length, 10_000);
    assert.equal(kept.includes("child 0"), false);
  });
});

describe("the share of plain requests", () => {
  const traceIds = fc.stringMatching(/^[0-9a-f]{32}$/).filter((id) => !/^0+$/.test(id));
  const isInShare = (traceId: string, keepRatio: number) => {
    const { kept, server } = keeping({ keepRatio, keepSlowerThanMs: 1000 });
    const parent = { traceId, spanId: "00f067aa0ba902b7", traceFlags: TraceFlags.SAMPLED, isRemote: true };
    server("server", trace.setSpanContext(ROOT_CONTEXT, parent)).end();
    return kept.length === 1;
  };

  test("is the one that the SDK's sampler by trace id takes", () => {
    fc.assert(
      fc.property(traceIds, fc.double({ min: 0, max: 1, noNaN: true }), (traceId, ratio) => {
        const sampler: Sampler = new TraceIdRatioBasedSampler(ratio);
        const { decision } = sampler.shouldSample(ROOT_CONTEXT, traceId, "server", SpanKind.SERVER, {}, []);
        assert.equal(isInShare(traceId, ratio), decision === SamplingDecision.RECORD_AND_SAMPLED);
      }),
    );
  });

  test("grows with the ratio and never loses a trace that it had", () => {
    fc.assert(
      fc.property(traceIds, fc.double({ min: 0, max: 1, noNaN: true }), (traceId, ratio) => {
        if (isInShare(traceId, ratio)) assert.equal(isInShare(traceId, ratio + (1 - ratio) / 2), true);
      }),
    );
  });
});
