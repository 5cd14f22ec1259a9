import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FigureName, figureNames } from "../../bench/figures.ts";
import { scenarioReport } from "../../bench/report.ts";
import { scenarios } from "../../bench/scenarios.ts";
import { table } from "../../bench/table.ts";

const round = (factor: number) =>
  Object.fromEntries(figureNames.map((name) => [name, 1_234.5 * factor])) as Record<FigureName, number>;

describe("table", () => {
  const figures = new Map(
    ["nginx", "relay", "assay", "assay-redacted-content"].map((name) => [
      name,
      [round(0.8), round(1), round(1.2)],
    ]),
  );
  const failures = new Map([["relay", `wrong bytes: ${"x".repeat(500)}`]]);
  const report = {
    date: "2026-01-31",
    machine: "2 cores",
    node: "24.0.0",
    versions: { nginx: "1.22.1" },
    scenarios: scenarios.map((scenario) => scenarioReport(scenario, "upstream", { figures, failures })),
    absent: [{ name: "bifrost", reason: "BIFROST is not set" }],
  };

  it("is readable at 120 columns, whatever the scenario", () => {
    const wide = table(report)
      .split("\n")
      .filter((line) => line.length > 120);
    assert.deepEqual(wide, []);
  });

  it("names who failed and who is absent, and why", () => {
    assert.match(table(report), /relay FAILED: wrong bytes/);
    assert.match(table(report), /bifrost is absent: BIFROST is not set/);
  });

  it("compares CPU round by round", () => {
    const [first] = report.scenarios;
    const relay = first?.measured.find(({ name }) => name === "relay");
    assert.equal(relay?.cpuToNginx?.median, 1);
    assert.equal(relay?.cpuToRelay, undefined);
  });
});
