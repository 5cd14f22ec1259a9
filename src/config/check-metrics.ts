import { isBuiltIn } from "../core/built-in-metrics.ts";
import type { Finding } from "./check-shape.ts";
import type { ConfigFile, MetricSection } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import { durationMs } from "./to-metrics.ts";

const dayMs = 86_400_000;

/** Metrics by themselves, and the store that keeps what they are made of. */
export function checkMetrics(file: ConfigFile): readonly Finding[] {
  const metrics = Object.entries(file.metrics).flatMap(([name, metric]) => [
    ...checkName(name),
    ...checkNumber(name, metric),
    ...checkCategories(name, metric),
    ...checkDivision(name, metric),
    ...checkWindow(name, metric, file.store.retention_days),
  ]);
  return [...metrics, ...checkStore(file)];
}

function checkName(name: string): readonly Finding[] {
  if (!isBuiltIn(name)) return [];
  const message = `\`${name}\` is a metric that Assay measures itself; choose another name`;
  return [{ pointer: pointerOf("metrics", name), side: "key", message }];
}

function checkNumber(name: string, metric: MetricSection): readonly Finding[] {
  const { kind, minimum, maximum } = metric;
  const bounds = (["minimum", "maximum"] as const).filter((bound) => metric[bound] !== undefined);
  if (kind !== "number") {
    return bounds.map((bound) => ({
      pointer: pointerOf("metrics", name, bound),
      side: "key",
      message: `\`${bound}\` bounds numbers, and the kind is ${kind}; remove it, or use kind number`,
    }));
  }
  if (minimum === undefined || maximum === undefined || minimum < maximum) return [];
  const message = `\`minimum\` is ${minimum}, and \`maximum\` ${maximum}; it must be less`;
  return [{ pointer: pointerOf("metrics", name, "minimum"), side: "value", message }];
}

function checkCategories(name: string, { kind, categories, per }: MetricSection): readonly Finding[] {
  const pointer = pointerOf("metrics", name, "categories");
  if (kind !== "category") {
    if (categories === undefined) return [];
    const message = `\`categories\` are for kind category, and the kind is ${kind}; change one of the two`;
    return [{ pointer, side: "key", message }];
  }
  if (categories === undefined) {
    const message = `\`${name}\` lacks \`categories\`; say what each counts, such as { good: 1, bad: 0 }`;
    return [{ pointer: pointerOf("metrics", name), side: "key", message }];
  }
  // Where a missing outcome counts 0, one category is enough to tell something.
  const counts = new Set([...Object.values(categories), ...(per === "outcome" ? [] : [0])]);
  if (counts.size > 1) return [];
  const message = "all categories count the same, so there is nothing to compare; let them differ";
  return [{ pointer, side: "value", message }];
}

function checkDivision(name: string, metric: MetricSection): readonly Finding[] {
  const { kind, per, combine, minimum, cap } = metric;
  const findings: Finding[] = [];
  const add = (key: string, side: Finding["side"], message: string): void => {
    findings.push({ pointer: pointerOf("metrics", name, key), side, message });
  };
  if (kind === "correctness" && per !== "outcome") {
    add("per", "value", `per ${per}, answers without a label would count as wrong; use \`per: outcome\``);
  }
  if (kind === "correctness" && combine !== "last" && combine !== "first") {
    add("combine", "value", `a ${combine} of labels means nothing; use \`last\` or \`first\``);
  }
  if (per !== "outcome" && minimum !== undefined && minimum > 0) {
    const cure = `use \`per: outcome\`, or a \`minimum\` of 0`;
    add("per", "value", `per ${per}, a missing value counts 0, less than \`minimum\` (${minimum}); ${cure}`);
  }
  if (cap !== undefined && (kind === "boolean" || kind === "correctness") && combine !== "sum") {
    add("cap", "key", `values of kind ${kind} are 0 or 1, so there is nothing to cap; remove \`cap\``);
  }
  return findings;
}

function checkWindow(name: string, { window }: MetricSection, retentionDays: number): readonly Finding[] {
  if (window === undefined || durationMs(window) <= retentionDays * dayMs) return [];
  const message = `\`window\` is ${window}, longer than \`store.retention_days\` (${retentionDays}); shorten it, or keep more`;
  return [{ pointer: pointerOf("metrics", name, "window"), side: "value", message }];
}

function checkStore({ store }: ConfigFile): readonly Finding[] {
  if (store.engine !== "memory" || store.durability !== "strict") return [];
  const message = "`engine: memory` keeps nothing, and cannot be strict; use sqlite, or batched";
  return [{ pointer: "/store/durability", side: "value", message }];
}
