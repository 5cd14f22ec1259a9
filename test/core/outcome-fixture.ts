import type { OutcomeDraft, OutcomeRules } from "../../src/core/outcome-body.ts";
import { parseOutcomes } from "../../src/core/outcome-body.ts";
import type { OutcomeMetric } from "../../src/domain/metric.ts";

const dayMs = 86_400_000;

/** 2026-11-22T20:55:00Z. */
export const now = Date.UTC(2026, 10, 22, 20, 55);

/** An id as ours, made at this time. */
export function requestIdAt(time: number): string {
  const hex = time.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000001`;
}

export const requestId = requestIdAt(now - 60_000);

export function metricWith(
  change: Partial<OutcomeMetric> & Pick<OutcomeMetric, "name" | "kind">,
): OutcomeMetric {
  return {
    description: "",
    better: "higher",
    per: "outcome",
    combine: "last",
    minimum: undefined,
    maximum: undefined,
    categories: {},
    cap: undefined,
    windowMs: 7 * dayMs,
    ...change,
  };
}

export const rules: OutcomeRules = {
  metrics: {
    resolved: metricWith({ name: "resolved", kind: "boolean" }),
    csat: metricWith({ name: "csat", kind: "number", minimum: 1, maximum: 5 }),
    length: metricWith({ name: "length", kind: "number", minimum: 0 }),
    topic: metricWith({ name: "topic", kind: "category", categories: { good: 1, so_so: 0.5, bad: 0 } }),
    correct: metricWith({ name: "correct", kind: "correctness" }),
  },
  unitTypes: ["user", "request"],
  retentionMs: 90 * dayMs,
  now,
};

export function parse(body: unknown, change: Partial<OutcomeRules> = {}): ReturnType<typeof parseOutcomes> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return parseOutcomes(Buffer.from(text), { ...rules, ...change });
}

/** The draft of one outcome by request, with these members. */
export function draftOf(members: Readonly<Record<string, unknown>>): OutcomeDraft {
  const [draft] = parse({ request_id: requestId, ...members }).drafts;
  if (draft === undefined) throw new Error("there was no draft");
  return draft;
}
