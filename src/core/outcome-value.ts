import type { Failure } from "../domain/failure.ts";
import type { OutcomeMetric } from "../domain/metric.ts";
import type { OutcomeRecord } from "../domain/outcome.ts";
import { shown } from "./chat-parameters.ts";
import { meant, type OutcomeItem, quoted, refusal } from "./outcome-item.ts";

export type OutcomeValue = Pick<OutcomeRecord, "value" | "category" | "label">;

/** As long as what is kept of a prediction: a longer label could equal none. */
const maxLabelLength = 128;

/** What the outcome says, as its metric's kind reads it. Throws a Failure that names `value` or `label`. */
export function parseOutcomeValue(item: OutcomeItem, metric: OutcomeMetric): OutcomeValue {
  if (metric.kind === "correctness") return correctness(item);
  if (item.members.has("label")) {
    throw refusal(item, "label", `is for metrics of kind correctness; ${wanted(metric)} as value.`);
  }
  const value = item.members.get("value");
  if (value === undefined) {
    throw refusal(item, "value", `is missing; ${wanted(metric)}.`, "missing_required_parameter");
  }
  switch (metric.kind) {
    case "boolean":
      if (typeof value !== "boolean") throw wrong(item, metric, value);
      return only({ value: value ? 1 : 0 });
    case "number":
      if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(item, metric, value);
      if (!isInside(value, metric)) throw wrong(item, metric, value);
      return only({ value });
    case "category":
      if (typeof value !== "string") throw wrong(item, metric, value);
      if (!Object.hasOwn(metric.categories, value)) {
        const cure = meant(value, Object.keys(metric.categories));
        throw refusal(item, "value", `is ${quoted(value)}, no category of "${metric.name}"; ${cure}`);
      }
      return only({ category: value });
  }
}

function correctness(item: OutcomeItem): OutcomeValue {
  const value = item.members.get("value");
  const label = item.members.get("label");
  if (value !== undefined && label !== undefined) {
    throw refusal(
      item,
      "value",
      "stands beside label; send the true label, or whether the answer was right.",
    );
  }
  if (label !== undefined) return only({ label: labelText(item, label) });
  if (typeof value === "boolean") return only({ value: value ? 1 : 0 });
  if (value !== undefined) {
    const cure = "send true or false, or the true label as label.";
    throw refusal(item, "value", `is ${shown(value)}; ${cure}`);
  }
  const cure = "send the true label, or value: true or false.";
  throw refusal(item, "label", `is missing; ${cure}`, "missing_required_parameter");
}

/** A plain value as text, as predictions are kept. */
function labelText(item: OutcomeItem, label: unknown): string {
  const isPlain = typeof label === "string" || typeof label === "boolean" || Number.isFinite(label);
  const text = isPlain ? String(label) : "";
  if (text !== "" && text.length <= maxLabelLength) return text;
  const cure = `send a string of 1 to ${maxLabelLength} characters, a number, true or false.`;
  throw refusal(item, "label", `is ${shown(label)}; ${cure}`);
}

function isInside(value: number, { minimum, maximum }: OutcomeMetric): boolean {
  return value >= (minimum ?? value) && value <= (maximum ?? value);
}

function wrong(item: OutcomeItem, metric: OutcomeMetric, value: unknown): Failure {
  return refusal(item, "value", `is ${shown(value)}; ${wanted(metric)}.`);
}

function wanted(metric: OutcomeMetric): string {
  const { name, kind, minimum, maximum, categories } = metric;
  if (kind === "boolean") return `"${name}" takes true or false`;
  if (kind === "category") {
    return `"${name}" takes one of ${Object.keys(categories)
      .map((category) => JSON.stringify(category))
      .join(", ")}`;
  }
  if (minimum !== undefined && maximum !== undefined) {
    return `"${name}" takes a number from ${minimum} to ${maximum}`;
  }
  if (minimum !== undefined) return `"${name}" takes a number of ${minimum} or more`;
  return maximum === undefined
    ? `"${name}" takes a number`
    : `"${name}" takes a number of ${maximum} or less`;
}

function only(one: Partial<OutcomeValue>): OutcomeValue {
  return { value: undefined, category: undefined, label: undefined, ...one };
}
