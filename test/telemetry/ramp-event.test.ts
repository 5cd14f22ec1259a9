import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configWith } from "../support/app.ts";
import { startObservedApp } from "./observed-app.ts";

const ramp = "    ramp: { profile: small, warm_up_requests: 0 }\n";

describe("what comes to pass with a ramp", () => {
  test("leaves as log records that belong to no trace, in order, and without what an operator should not have written", async (t) => {
    const app = await startObservedApp({
      config: (upstreamUrl) => configWith({ upstreamUrl, experiment: ramp }),
    });
    t.after(() => app.close());
    const order = async (path: string, reason: string) => {
      const body = JSON.stringify({ by: "ada", reason });
      const { status } = await fetch(`${app.adminUrl}/admin/experiments/tone/${path}`, {
        method: "POST",
        body,
      });
      assert.equal(status, 200, path);
    };
    await order("ramp/start", "jane@example.org asked for it");
    await order("kill", "too friendly");
    await order("revive", "it was the other one");
    await order("ramp/abort", "no");
    await app.end();
    const logs = app.sink.logs.filter(({ eventName }) => eventName.startsWith("assay.ramp."));
    assert.deepEqual(
      logs.map(({ eventName, severity }) => [eventName, severity]),
      [
        ["assay.ramp.started", 9],
        ["assay.ramp.killed", 13],
        ["assay.ramp.revived", 9],
        ["assay.ramp.aborted", 9],
      ],
    );
    for (const { traceId } of logs) assert.equal(traceId, "");
    const { "assay.ramp.reason": reason, ...started } = logs[0]?.attributes ?? {};
    assert.match(String(reason), /^\[email.*\] asked for it$/);
    assert.deepEqual(started, {
      "assay.experiment.id": "tone",
      "assay.variant": "candidate",
      "assay.ramp.status": "scheduled",
      "assay.ramp.status.before": "draft",
      "assay.ramp.step": 1,
      "assay.ramp.steps": 3,
      "assay.ramp.share": 0,
      "assay.ramp.generation": 1,
      "assay.ramp.rule": "order",
      "assay.ramp.by": "ada",
    });
    assert.equal(logs[1]?.attributes["assay.ramp.rule"], undefined);
  });
});
