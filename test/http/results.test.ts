/** Traffic, outcomes and switches through a whole Assay, and the report that they come to. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ExperimentReport, LiveStats } from "../../src/domain/report.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";

const token = "0123456789abcdef0123456789abcdef";
let upstream: ScriptedUpstream;
before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
});
after(() => upstream.close());

const config = () =>
  configWith({
    upstreamUrl: upstream.url,
    experiment: `
    salt: results
    coverage: 0.5
    analysis:
      goals: [resolved]
      guardrails: [{ metric: error_rate, margin: 0.05 }]
      minimum_units: 2
      planned_units: 100`,
    rest: `
metrics:
  resolved: { kind: boolean }
server:
  admin:
    token: \${ADMIN_TOKEN}`,
  });

for (const storeEngine of ["memory", "sqlite"] as const) {
  describe(`results out of ${storeEngine}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-results-"));
    let assay: TestApp;
    let sent = 0;
    before(async () => {
      assay = await startTestApp({ config: config(), env: { ADMIN_TOKEN: token }, storeEngine, folder });
    });
    after(async () => {
      await assay.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function ask(path: string, method = "GET", body?: unknown): Promise<unknown> {
      const response = await fetch(`${assay.adminUrl}/admin${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      return JSON.parse(text);
    }

    // Parse boundary: the assertions below fail loudly on another shape.
    const results = async () => (await ask("/experiments/tone/results?metrics=all")) as ExperimentReport;
    const stats = async () => (await ask("/experiments/tone/stats")) as LiveStats;

    /** Gives each user's variant, or undefined for one outside of the experiment. */
    async function chatAs(users: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
      const variants = new Map<string, string | undefined>();
      for (const user of users) {
        const response = await assay.chat({ model: "tone", user, messages: [] });
        await response.text();
        sent++;
        const isExposed = response.headers.get("x-assay-assignment") === "split";
        variants.set(user, isExposed ? (response.headers.get("x-assay-variant") ?? "") : undefined);
        await tell({ request_id: response.headers.get("x-request-id"), metric: "resolved", value: true });
      }
      await assay.records(sent);
      return variants;
    }

    async function tell(outcome: unknown): Promise<void> {
      const response = await fetch(`${assay.url}/outcomes`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(outcome),
      });
      assert.equal(response.status, 202, await response.text());
    }

    const users: readonly string[] = Array.from({ length: 24 }, (_, index) => `user-${index}`);
    const countOf = (variants: ReadonlyMap<string, string | undefined>, id: string) =>
      [...variants.values()].filter((variant) => variant === id).length;
    const arm = ({ metrics }: Pick<ExperimentReport, "metrics">, metric: string, variantId: string) =>
      metrics.find((one) => one.metric === metric)?.arms.find((one) => one.variantId === variantId);

    test("have each exposed unit, its requests and its outcomes", async () => {
      const variants = await chatAs(users);
      await chatAs(users.slice(0, 12));
      const found = await results();
      for (const id of ["control", "candidate"]) {
        const units = countOf(variants, id);
        assert.ok(units >= 2, "the salt leaves each variant its users");
        assert.equal(found.variants.find(({ variantId }) => variantId === id)?.units, units);
        assert.equal(arm(found, "resolved", id)?.units, units);
        assert.equal(arm(found, "resolved", id)?.value, 1);
        assert.equal(arm(found, "success_rate", id)?.value, 1);
      }
      assert.equal(found.decision.verdict, "keep_running");
      assert.deepEqual([found.soundness.lostRecords, found.soundness.problems], [0, []]);
      const requests = found.variants.reduce((sum, one) => sum + one.requests, 0);
      assert.equal(arm(found, "resolved", "control")?.n, found.variants[0]?.requests);
      assert.ok(requests > countOf(variants, "control") + countOf(variants, "candidate"));
    });

    test("show shares and means alone in the stats", async () => {
      const [live, found] = [await stats(), await results()];
      assert.deepEqual(live.variants, found.variants);
      assert.deepEqual(
        live.metrics.find(({ metric }) => metric === "latency")?.arms,
        found.metrics.find(({ metric }) => metric === "latency")?.arms,
      );
      assert.ok(live.metrics.every((metric) => !("comparisons" in metric)));
    });

    test("begin a phase with another allocation, and keep the units of the first", async () => {
      const earlier = await results();
      await ask("/experiments/tone/allocation", "PUT", { coverage: 1, by: "ada", reason: "all in" });
      const variants = await chatAs(users);
      assert.equal(countOf(variants, "control") + countOf(variants, "candidate"), users.length);
      const found = await results();
      assert.equal(found.phases.length, 2);
      assert.equal(found.phases[0]?.phaseId, earlier.phases[0]?.phaseId);
      assert.deepEqual(found.phases[0]?.units, earlier.phases[0]?.units);
      assert.equal(found.phases[1]?.units.control, countOf(variants, "control"));
      assert.equal(found.progress.units, users.length);
      assert.equal(arm(found, "resolved", "control")?.units, countOf(variants, "control"));
    });

    test("leave a phase with a killed variant out, and stay sound", async () => {
      const earlier = await results();
      await ask("/experiments/tone/kill", "POST", { variant: "candidate", by: "ada", reason: "rhymes" });
      await chatAs(users);
      const found = await results();
      const [, , killed] = found.phases;
      assert.match(killed?.phaseId ?? "", /!candidate$/);
      assert.deepEqual(killed?.killed, ["candidate"]);
      // Its users are still its own: nothing is missing from the sample ratio.
      assert.deepEqual(killed?.units, found.phases[1]?.units);
      assert.deepEqual(found.soundness.problems, []);
      for (const name of ["error_rate", "success_rate"]) {
        const pooled = (from: ExperimentReport) => {
          const found = from.metrics.find(({ metric }) => metric === name)?.comparisons[0];
          return [found?.sequence, found?.fixed, found?.perPhase];
        };
        assert.deepEqual(pooled(found), pooled(earlier));
      }
      await ask("/experiments/tone/revive", "POST", { variant: "candidate", by: "ada", reason: "done" });
    });

    if (storeEngine === "sqlite") {
      test("are the same after a restart on the same folder", async () => {
        const earlier = await results();
        await assay.close();
        assay = await startTestApp({ config: config(), env: { ADMIN_TOKEN: token }, storeEngine, folder });
        sent = 0;
        const found = await results();
        for (const part of ["variants", "phases", "metrics", "soundness"] as const) {
          assert.deepEqual(found[part], earlier[part], part);
        }
        // The allocation is kept too: everybody is in, and in the same phase.
        await chatAs(users.slice(0, 4));
        assert.equal((await results()).phases.length, 3);
        assert.deepEqual(
          (await results()).variants.map(({ units }) => units),
          found.variants.map(({ units }) => units),
        );
      });
    }
  });
}
