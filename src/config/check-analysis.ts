import { builtInMetrics } from "../domain/metric.ts";
import { limitProblem } from "./check-limit.ts";
import type { Finding } from "./check-shape.ts";
import { unknownName } from "./check-upstreams.ts";
import type { ConfigFile, ExperimentSection } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import type { YamlSource } from "./yaml-source.ts";

/** What each experiment is judged by. */
export function checkAnalysis(file: ConfigFile, source: YamlSource): readonly Finding[] {
  const names = [...(source.keys.get("/metrics") ?? []), ...builtInMetrics];
  return Object.entries(file.experiments).flatMap(([id, experiment]) => {
    const uses = usesOf(id, experiment);
    return [
      ...uses.flatMap((use) => checkUse(use, { names, experiment, metrics: file.metrics })),
      ...checkRepeats(uses),
      ...checkSize(id, experiment),
    ];
  });
}

interface Use {
  readonly metric: string;
  readonly role: "goals" | "guardrails";
  readonly limit: number | string | undefined;
  /** Of the name, and of the limit. */
  readonly pointer: string;
  readonly limitPointer: string;
}

function usesOf(id: string, { analysis }: ExperimentSection): readonly Use[] {
  return (["goals", "guardrails"] as const).flatMap((role) =>
    analysis[role].map((written, index): Use => {
      const pointer = pointerOf("experiments", id, "analysis", role, index);
      if (typeof written === "string") {
        return { metric: written, role, limit: undefined, pointer, limitPointer: pointer };
      }
      const key = role === "goals" ? "smallest_effect" : "margin";
      const limit = "margin" in written ? written.margin : undefined;
      const smallest = "smallest_effect" in written ? written.smallest_effect : undefined;
      const { metric } = written;
      return {
        metric,
        role,
        limit: limit ?? smallest,
        pointer: `${pointer}/metric`,
        limitPointer: `${pointer}/${key}`,
      };
    }),
  );
}

function checkUse(
  { metric, role, limit, pointer, limitPointer }: Use,
  {
    names,
    experiment,
    metrics,
  }: {
    readonly names: readonly string[];
    readonly experiment: ExperimentSection;
    readonly metrics: ConfigFile["metrics"];
  },
): readonly Finding[] {
  const findings: Finding[] = [];
  if (!names.includes(metric)) {
    findings.push({ pointer, side: "value", message: unknownName({ kind: "metric", name: metric, names }) });
  }
  const isBySession = metric === "tokens_per_session" || metric === "cost_per_session";
  const unit = typeof experiment.unit === "string" ? experiment.unit : experiment.unit.type;
  if (isBySession && unit === "request") {
    const message = `\`${metric}\` needs sessions that stay in one variant, and the unit is the request; choose a metric of requests`;
    findings.push({ pointer, side: "value", message });
  }
  const key = role === "goals" ? "smallest_effect" : "margin";
  const message = limit === undefined ? undefined : limitProblem({ metric, key, written: limit }, metrics);
  if (message !== undefined) findings.push({ pointer: limitPointer, side: "value", message });
  return findings;
}

function checkRepeats(uses: readonly Use[]): readonly Finding[] {
  const seen = new Map<string, Use["role"]>();
  const findings: Finding[] = [];
  for (const { metric, role, pointer } of uses) {
    const before = seen.get(metric);
    if (before === undefined) seen.set(metric, role);
    else if (before === role) {
      const message = `metric "${metric}" is listed twice in \`${role}\`; keep one of the two`;
      findings.push({ pointer, side: "value", message });
    } else {
      const message = `metric "${metric}" is a goal already; it cannot be a guardrail too, remove it from one`;
      findings.push({ pointer, side: "value", message });
    }
  }
  return findings;
}

function checkSize(id: string, { analysis, variants }: ExperimentSection): readonly Finding[] {
  const least = analysis.minimum_units * Object.keys(variants).length;
  if (analysis.planned_units >= least) return [];
  const pointer = pointerOf("experiments", id, "analysis", "planned_units");
  const message = `\`planned_units\` is ${analysis.planned_units}, and \`minimum_units\` for each variant makes ${least}: nothing would ever be shown; raise it, or lower \`minimum_units\``;
  return [{ pointer, side: "value", message }];
}
