import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

export const root = path.resolve(import.meta.dirname, "../..");

export const readText = (file: string): string => readFileSync(path.join(root, file), "utf8");

/** The parsed file; the caller names the shape that it goes on to check. */
export function readYaml<Shape>(file: string): Shape {
  // Parse boundary: these files belong to the repository, and every test below checks the members that it reads.
  return parse(readText(file), { merge: true }) as Shape;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition: string }[] };
}

export function readDashboard(): Dashboard {
  // Parse boundary, as above.
  return JSON.parse(readText("deploy/grafana/dashboards/assay.json")) as Dashboard;
}

/** Every PromQL expression of the dashboard, with Grafana's variables replaced by what Grafana could put there. */
export function dashboardExpressions(): readonly string[] {
  const dashboard = readDashboard();
  const written = [
    ...dashboard.panels.flatMap((panel) => panel.targets ?? []).map((target) => target.expr),
    ...dashboard.annotations.list.map((annotation) => annotation.expr),
  ];
  return written.map((text) =>
    text
      .replaceAll("$__rate_interval", "1m")
      .replaceAll("$__range", "1h")
      .replaceAll(/\$(experiment|variant)/g, ".*"),
  );
}

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly { readonly record?: string; readonly alert?: string; readonly expr: string }[];
  }[];
}

export const readRules = () =>
  readYaml<RuleFile>("deploy/prometheus/rules.yaml").groups.flatMap((g) => g.rules);

/** Skips by name where a tool is missing; where `CI` is set and the tool is required, a missing one fails instead. */
export function toolOptions(
  tool: string,
  { required }: { readonly required: boolean },
): { skip: string | false } {
  const isHere = spawnSync(tool, ["--version"], { stdio: "ignore" }).error === undefined;
  if (isHere || (required && process.env.CI !== undefined)) return { skip: false };
  return { skip: `${tool} is not on PATH` };
}

/** Output of a command that must succeed; its own words are in the error when it does not. */
export function runTool(tool: string, args: readonly string[]): string {
  return execFileSync(tool, args, { cwd: root, encoding: "utf8", stdio: "pipe", timeout: 60_000 });
}
