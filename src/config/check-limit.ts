import { builtIns, isBuiltIn } from "../core/built-in-metrics.ts";
import type { ConfigFile } from "./file-shape.ts";
import { toMargin } from "./to-metrics.ts";

export interface Limit {
  readonly metric: string;
  readonly key: "margin" | "smallest_effect";
  /** As it stands in the file. */
  readonly written: number | string;
}

/** Why a difference of a metric cannot be held to this; undefined where it can. */
export function limitProblem(
  { metric, key, written }: Limit,
  metrics: ConfigFile["metrics"],
): string | undefined {
  const { kind, value } = toMargin(written);
  if (value <= 0) {
    return key === "margin"
      ? `\`margin\` is ${written}, and no amount of data shows that there is no harm at all; it must be more than 0`
      : `\`smallest_effect\` is ${written}; it must be more than 0`;
  }
  if (kind === "relative") return undefined;
  // Its values are compared as a ratio, whatever their unit.
  if (metric === "latency_log") return "`latency_log` is compared as a ratio; write a percentage such as 10%";
  if (value < 1 || !isShare(metric, metrics)) return undefined;
  return `\`${key}\` is ${written}, and two shares never differ by more than 1; write ${written}% of the control's, or ${Number(written) / 100} for as many points`;
}

function isShare(metric: string, metrics: ConfigFile["metrics"]): boolean {
  return isBuiltIn(metric) ? builtIns[metric].unit === "share" : metrics[metric]?.kind === "boolean";
}
