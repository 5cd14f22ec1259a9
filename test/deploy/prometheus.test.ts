import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { stringify } from "yaml";
import {
  dashboardExpressions,
  readDashboard,
  readRules,
  readYaml,
  runTool,
  toolOptions,
} from "./deployed.ts";
import { seriesLabels } from "./metric-names.ts";

const promtool = toolOptions("promtool", { required: true });

describe("Prometheus of the shipped stack", () => {
  test("scrapes Assay's admin port and the collector, and loads the rules", () => {
    const config = readYaml<{
      rule_files: string[];
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    }>("deploy/prometheus/prometheus.yaml");
    const targets = config.scrape_configs.map((job) => [
      job.job_name,
      job.static_configs.flatMap((s) => s.targets),
    ]);
    assert.deepEqual(targets, [
      ["assay", ["assay:8485"]],
      ["otel-collector", ["otel-collector:8888"]],
    ]);
    assert.deepEqual(config.rule_files, ["rules.yaml"]);
  });

  test("every alert has a severity, a summary and a description", () => {
    const { groups } = readYaml<{ groups: { rules: Record<string, Record<string, string>>[] }[] }>(
      "deploy/prometheus/rules.yaml",
    );
    const alerts = groups.flatMap((group) => group.rules).filter((rule) => rule.alert !== undefined);
    assert.ok(alerts.length >= 10);
    for (const alert of alerts) {
      assert.match(alert.labels?.severity ?? "", /^(page|ticket|info)$/);
      assert.ok(alert.annotations?.summary);
      assert.ok(alert.annotations?.description);
    }
  });

  test("every burn-rate alert looks at two windows and asks for ten failed requests", () => {
    const burnRates = readRules().filter((rule) => rule.alert?.startsWith("AssayErrorBudgetBurn"));
    assert.equal(burnRates.length, 4);
    for (const { expr } of burnRates) {
      assert.equal(expr.match(/ratio_rate/g)?.length, 2);
      assert.match(expr, /increase\w+ >= 10/);
    }
  });

  test("rules and dashboard name only series and labels that the stack produces", () => {
    const recorded = readRules().flatMap((rule) => rule.record ?? []);
    for (const expression of [...readRules().map((rule) => rule.expr), ...dashboardExpressions()]) {
      assertSeriesExist(expression, recorded);
    }
    for (const { definition } of readDashboard().templating.list) {
      assert.match(definition, /^label_values\(assay_requests_total/);
    }
  });

  test("promtool accepts the configuration and the rules", promtool, () => {
    runTool("promtool", ["check", "config", "deploy/prometheus/prometheus.yaml"]);
  });

  for (const file of ["rules.test.yaml", "rules-slow.test.yaml"]) {
    test(`promtool finds every alert fire, and stay silent, as ${file} says`, promtool, () => {
      runTool("promtool", ["test", "rules", `deploy/prometheus/${file}`]);
    });
  }

  test("promtool parses every expression of the dashboard", promtool, (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "assay-dashboard-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const rules = dashboardExpressions().map((expr, index) => ({ record: `dashboard:${index}`, expr }));
    const file = path.join(folder, "dashboard.yaml");
    writeFileSync(file, stringify({ groups: [{ name: "dashboard", rules }] }));
    assert.match(runTool("promtool", ["check", "rules", file]), new RegExp(`${rules.length} rules found`));
  });
});

const seriesPattern = /(?<![\w:])([a-z]+(?:[_:][a-z0-9]+)+|up)(?![\w:])(?:\{([^}]*)\})?/g;

function assertSeriesExist(expression: string, recorded: readonly string[]): void {
  for (const [, name, matchers = ""] of expression.matchAll(seriesPattern)) {
    if (name === undefined || name in promqlWords || recorded.includes(name)) continue;
    if (isGroupingLabel(expression, name)) continue;
    const labels = seriesLabels.get(name);
    assert.ok(labels, `${name} is produced by nothing in the stack: ${expression}`);
    for (const [, label = ""] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
      assert.ok(labels.includes(label), `${name} has no label ${label}`);
    }
  }
}

const promqlWords = { histogram_quantile: true, group_left: true };

/** A name of the kind `span_name` that stands in `by (…)`. */
function isGroupingLabel(expression: string, name: string): boolean {
  return [...expression.matchAll(/\bby \(([^)]*)\)/g)].some(([, list]) => list?.split(/,\s*/).includes(name));
}
