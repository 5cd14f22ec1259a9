import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AssignedRequest } from "../../src/domain/chat.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { RequestRecord } from "../../src/domain/record.ts";
import { expose } from "../../src/policies/expose.ts";
import { startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp } from "../support/app.ts";
import { contextOf } from "./policy-fixture.ts";

const assigned = (isExposed: boolean) =>
  // Only what the policy reads.
  ({
    body: { model: "tone", isStream: false },
    assignment: { experimentId: "tone", isExposed, sessionId: undefined, unit: undefined },
  }) as unknown as AssignedRequest;

function policy(kept: () => Promise<void>, isStrict = true) {
  const exposed: RequestRecord[] = [];
  const made = expose({
    isStrict: () => isStrict,
    expose: (record) => {
      exposed.push(record);
      return kept();
    },
    unitHash: ({ id }) => `hash of ${id}`,
    redact: (text) => text,
  });
  return { made, exposed };
}

// Nothing of it is looked at.
const answer = {} as never;

describe("an exposure that must last", () => {
  test("is on its way while the upstream works, and holds the answer until it is durable", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { made, exposed } = policy(() => promise);
    let isAnswered = false;
    let wasExposed = 0;
    const answered = made(async () => {
      wasExposed = exposed.length;
      return answer;
    })(assigned(true), contextOf()).then(() => {
      isAnswered = true;
    });
    await new Promise(setImmediate);
    assert.equal(wasExposed, 1);
    assert.equal(isAnswered, false);
    resolve();
    await answered;
    assert.equal(isAnswered, true);
  });

  test("is not served when it cannot be kept", async () => {
    const { made } = policy(() => Promise.reject(new Failure("store_unavailable", "full")));
    await assert.rejects(made(async () => answer)(assigned(true), contextOf()), {
      code: "store_unavailable",
    });
  });

  test("costs nothing where nobody is exposed, or nothing is strict", async () => {
    const outside = policy(() => Promise.reject(new Error("asked")));
    await outside.made(async () => answer)(assigned(false), contextOf());
    const batched = policy(() => Promise.reject(new Error("asked")), false);
    await batched.made(async () => answer)(assigned(true), contextOf());
    assert.equal(outside.exposed.length + batched.exposed.length, 0);
  });

  test("leaves the upstream's failure what it is", async () => {
    const { made } = policy(() => Promise.reject(new Failure("store_unavailable", "full")));
    const failing = made(() => Promise.reject(new Failure("upstream_error", "500")));
    await assert.rejects(failing(assigned(true), contextOf()), { code: "upstream_error" });
  });
});

test("with `durability: strict` an answer's exposure is in the file before the client has it, and once", async (t) => {
  const upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  t.after(() => upstream.close());
  const config = configWith({ upstreamUrl: upstream.url, rest: "store: { durability: strict }" });
  const assay = await startTestApp({ config, storeEngine: "sqlite" });
  t.after(() => assay.close());
  for (let i = 0; i < 5; i++) {
    const response = await assay.chat({ model: "tone", messages: [] }, { "x-assay-user": `ada-${i}` });
    assert.equal(response.status, 200);
    await response.text();
  }
  await assay.records(5);
  const response = await fetch(`${assay.adminUrl}/admin/experiments/tone/results?metrics=all`);
  const report = JSON.parse(await response.text());
  const requests = report.variants.reduce((sum: number, one: { requests: number }) => sum + one.requests, 0);
  assert.equal(requests, 5);
  assert.equal(report.soundness.lostRecords, 0);
});
