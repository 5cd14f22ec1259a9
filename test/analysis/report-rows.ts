/** The rows of the reference experiment: what test/reference/report-facts.ts wrote, and report.py reads as well. */
import { readFileSync } from "node:fs";
import type { OutcomeFact, RequestFact } from "../../src/domain/store.ts";
import { outcomeFact, requestFact } from "./report-fixture.ts";

export const minuteMs = 60_000;

export function referenceFacts(): RequestFact[] {
  return readRows("report-requests").map(factOf);
}

export function referenceOutcomes(): OutcomeFact[] {
  return readRows("report-outcomes").map(outcomeOf);
}

/** A cell of the table; undefined where it is empty. */
type Cell = (column: string) => string | undefined;

function readRows(name: string): readonly Cell[] {
  const text = readFileSync(new URL(`../vectors/${name}.csv`, import.meta.url), "utf8");
  const [head = "", ...lines] = text.trim().split("\n");
  const columns = head.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return (column) => cells[columns.indexOf(column)] || undefined;
  });
}

const numberIn = (cell: Cell, column: string) => {
  const text = cell(column);
  return text === undefined ? undefined : Number(text);
};

function factOf(cell: Cell): RequestFact {
  const cost = numberIn(cell, "costMillionths");
  return {
    ...requestFact({ row: numberIn(cell, "row") ?? 0 }),
    receivedAt: (numberIn(cell, "minute") ?? 0) * minuteMs,
    unit: numberIn(cell, "unit") ?? 0,
    session: numberIn(cell, "session") ?? 0,
    phase: cell("phase") ?? "",
    assigned: cell("assigned") ?? "",
    served: cell("served"),
    flags: numberIn(cell, "bits") ?? 0,
    latencyMs: numberIn(cell, "latencyMs") ?? Number.NaN,
    firstChunkMs: numberIn(cell, "firstChunkMs"),
    inputTokens: numberIn(cell, "inputTokens"),
    outputTokens: numberIn(cell, "outputTokens"),
    costUsd: cost === undefined ? undefined : cost / 1e6,
  };
}

function outcomeOf(cell: Cell): OutcomeFact {
  return outcomeFact({
    row: numberIn(cell, "row") ?? 0,
    metric: cell("metric") ?? "",
    at: (numberIn(cell, "minute") ?? 0) * minuteMs,
    requestRow: numberIn(cell, "request"),
    session: numberIn(cell, "session"),
    unit: numberIn(cell, "unit"),
    value: numberIn(cell, "value"),
    category: cell("category"),
    label: cell("label"),
    prediction: cell("prediction"),
  });
}
