import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readDashboard, readYaml } from "./deployed.ts";

const { panels } = readDashboard();
const { datasources } = readYaml<{ datasources: { uid: string; type: string; url: string }[] }>(
  "deploy/grafana/provisioning/datasources/datasources.yaml",
);

describe("the Grafana dashboard", () => {
  test("has unique panel ids and unique query letters", () => {
    assert.equal(new Set(panels.map((panel) => panel.id)).size, panels.length);
    for (const { targets = [] } of panels) {
      assert.equal(new Set(targets.map((target) => target.refId)).size, targets.length);
    }
  });

  test("places no panel over another or beyond the grid", () => {
    const taken = new Set<string>();
    for (const { gridPos, title } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x},${y}`), `${title} overlaps another panel`);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  test("asks only provisioned data sources", () => {
    const uids = datasources.map((source) => source.uid);
    assert.deepEqual(uids, ["prometheus", "jaeger"]);
    for (const panel of panels.filter((p) => p.type !== "row")) {
      assert.ok(panel.datasource !== undefined && uids.includes(panel.datasource.uid), panel.title);
    }
  });

  test("explains every panel", () => {
    for (const panel of panels.filter((p) => p.type !== "row")) assert.ok(panel.description, panel.title);
  });

  test("shows the rates, the quantiles, the tokens and the cost of each variant", () => {
    const byTitle = new Map(panels.map((panel) => [panel.title, panel.targets?.[0]?.expr ?? ""]));
    const wanted = ["Success rate", "Fallback rate", "Refusal rate", "Schema-pass rate"];
    wanted.push(
      "Latency p50",
      "Latency p95",
      "Latency p99",
      "Tokens",
      "Cost each hour",
      "Cost of 1,000 requests",
    );
    for (const title of wanted) assert.match(byTitle.get(title) ?? "", /by \(experiment, variant/, title);
  });
});
