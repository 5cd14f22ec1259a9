import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ROOT_CONTEXT, SpanKind } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import { type Sampler, SamplingDecision, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { createIds } from "../../src/core/ids.ts";
import { createRedactor } from "../../src/core/redaction.ts";
import type { RequestRecord } from "../../src/domain/record.ts";
import type { RequestTrace } from "../../src/domain/trace.ts";
import { OpenTraces } from "../../src/telemetry/open-traces.ts";
import { createOutgoing } from "../../src/telemetry/outgoing.ts";
import { SdkSpans } from "../../src/telemetry/sdk-sinks.ts";
import type { TailPolicy } from "../../src/telemetry/tail.ts";
import { createTracing } from "../../src/telemetry/tracing.ts";
import { attempt, record } from "../stores/record-fixture.ts";

const nothing: TailPolicy = { keepRatio: 0, keepSlowerThanMs: 1000 };
const limits = { attributeCount: 128, valueLength: Number.POSITIVE_INFINITY, linkCount: 128 };

/** Traces behind a policy; `kept` names the spans that came through, in order. */
function keeping(policy: TailPolicy = nothing, isSampled = true) {
  const kept: string[] = [];
  const redactions: string[] = [];
  const open = new OpenTraces();
  const scope = { name: "test", version: "1" };
  const take = ({ name }: { readonly name: string }) => kept.push(name.replace("GET ", ""));
  const tracing = createTracing({
    makers: {
      spans: new SdkSpans({ resource: emptyResource(), scope, limits, take }),
      events: undefined,
      open,
      policy: () => policy,
      isSampled: () => isSampled,
      failed: assert.ifError,
    },
    ids: createIds(Date.now),
    outgoing: createOutgoing(createRedactor(), (rules) => redactions.push(...rules)),
    content: () => ({ content: "off", contentSample: 1, contentMaxChars: 2000 }),
  });
  const server = (route = "server", headers = {}, path = "/") =>
    tracing.begin({ method: "GET", route, path, requestId: "1", headers, startedAt: 0 });
  return { kept, redactions, open, server };
}

function child(trace: RequestTrace, route = "child") {
  const sent = trace.forward({ method: "GET", route, upstream: "test", serverAddress: "::1", serverPort: 1 });
  return { end: () => sent.end(200, undefined) };
}

/** One request with one child and these facts; says whether both came through. */
function isKept(facts: Partial<RequestRecord>, policy?: TailPolicy): boolean {
  const { kept, server } = keeping(policy);
  const request = server();
  child(request).end();
  request.end(record(facts));
  assert.ok(kept.length === 0 || kept.length === 2, "parts of one request have had different fates");
  return kept.length === 2;
}

describe("with a share of 0", () => {
  const check = (result: "pass" | "fail") =>
    ({ name: "reply", phase: "first", result, errorPath: undefined }) as const;

  test("a request that simply went well is dropped", () => {
    assert.equal(isKept({}), false);
    assert.equal(isKept({ validations: [] }), false);
    assert.equal(isKept({ validations: [check("fail"), check("pass")] }), false);
    assert.equal(isKept({ latencyMs: 1000 }), false);
  });

  const incidents: Readonly<Record<string, Partial<RequestRecord>>> = {
    "that failed": { outcome: "upstream_error" },
    "that its client gave up": { outcome: "cancelled" },
    "that the client got wrong": { outcome: "client_error" },
    "that a fallback served": { fallback: { from: "control", to: "canned", cause: "timeout" } },
    "with invalid output": { validations: [check("fail")] },
    "that the model refused": { safety: "refused" },
    "that took two attempts": { attempts: [attempt(), attempt()] },
    "that was slow": { latencyMs: 1000.1 },
    "with a server error that was only passed through": { status: 500 },
  };
  for (const [name, facts] of Object.entries(incidents)) {
    test(`a request ${name} is kept`, () => assert.equal(isKept(facts), true));
  }

  test("what was found in the texts of a dropped trace has been counted all the same", () => {
    const { kept, redactions, server } = keeping();
    server("server", {}, "/files/person@example.com").end(record());
    assert.deepEqual(kept, []);
    assert.deepEqual(redactions, ["email"]);
  });
});

describe("the spans of one request", () => {
  test("come through together, the children first", () => {
    const { kept, server } = keeping({ ...nothing, keepRatio: 1 });
    const one = server("server 1");
    const two = server("server 2");
    child(two, "child 2").end();
    child(one, "child 1").end();
    assert.deepEqual(kept, []);
    two.end(record());
    one.end(record());
    assert.deepEqual(kept, ["child 2", "server 2", "child 1", "server 1"]);
  });

  test("share their fate with a child that ends later", () => {
    const { kept, server } = keeping();
    const [dropped, failed] = [server("dropped"), server("failed")];
    const late = [child(dropped, "late child of dropped"), child(failed, "late child of failed")];
    dropped.end(record());
    failed.end(record({ outcome: "timeout" }));
    for (const span of late) span.end();
    assert.deepEqual(kept, ["failed", "late child of failed"]);
  });

  test("come once, however often they are ended", () => {
    const { kept, server } = keeping({ ...nothing, keepRatio: 1 });
    const request = server();
    const span = child(request);
    for (const _ of [1, 2]) span.end();
    for (const _ of [1, 2]) request.end(record());
    span.end();
    assert.deepEqual(kept, ["child", "server"]);
  });

  test("are kept when the process ends before the request does", () => {
    const { kept, open, server } = keeping();
    const request = server();
    child(request).end();
    open.interrupt();
    assert.deepEqual(kept, ["child"]);
    request.end(record());
    assert.deepEqual(kept, ["child"]);
  });

  test("do not leave at all when the sampler has left their trace out", () => {
    const { kept, open, server } = keeping({ ...nothing, keepRatio: 1 }, false);
    const failed = server();
    child(failed).end();
    failed.end(record({ outcome: "timeout" }));
    child(server()).end();
    open.interrupt();
    assert.deepEqual(kept, []);
    assert.match(failed.traceresponse, /-00$/);
  });
});

describe("requests that never end", () => {
  test("do not keep their spans for ever", () => {
    const { kept, open, server } = keeping();
    for (let request = 0; request < 10_001; request++) child(server(), `child ${request}`).end();
    open.interrupt();
    assert.equal(kept.length, 10_000);
    assert.equal(kept.includes("child 0"), false);
  });
});

describe("the share of plain requests", () => {
  const traceIds = fc.stringMatching(/^[0-9a-f]{32}$/).filter((id) => !/^0+$/.test(id));
  const isInShare = (traceId: string, keepRatio: number) => {
    const { kept, server } = keeping({ keepRatio, keepSlowerThanMs: 1000 });
    server("server", { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }).end(record());
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
