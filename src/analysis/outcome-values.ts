/** Outcomes met with the requests, sessions and units that they are of. */
import type { OutcomeMetric } from "../domain/metric.ts";
import { type FactColumns, noCell } from "./fact-columns.ts";
import type { OutcomeColumns, OutcomeRow } from "./outcome-columns.ts";

export interface OutcomeQuestion {
  readonly outcomes: OutcomeColumns;
  readonly metric: OutcomeMetric;
  readonly now: number;
}

/** What one request, session or unit has come to. */
export interface SubjectValue {
  /** The cell that it counts in. */
  readonly cell: number;
  /** The request's index; undefined for a session or a unit. */
  readonly request: number | undefined;
  readonly value: number;
}

/** One value for each subject that has one, in the order of their first outcomes. Several of one subject become one, as the metric says. */
export function subjectValues(
  facts: FactColumns,
  { outcomes, metric, now }: OutcomeQuestion,
): readonly SubjectValue[] {
  const subjects = new Subjects(facts);
  for (const row of outcomes.byMetric.get(metric.name) ?? []) {
    const value = numberOf(row, metric);
    if (value === undefined) continue;
    const subject = subjects.of(row);
    if (subject === undefined) continue;
    const closesAt = subject.anchor + metric.windowMs;
    const isOpen = closesAt < Number.POSITIVE_INFINITY && now < closesAt;
    if (isOpen || row.at > closesAt) continue;
    combine(subject, { value, at: row.at }, metric);
  }
  return subjects.all.filter(({ n }) => n > 0);
}

interface Subject extends SubjectValue {
  /** Epoch milliseconds at which the window opens. */
  readonly anchor: number;
  value: number;
  at: number;
  n: number;
}

class Subjects {
  readonly all: Subject[] = [];
  readonly #facts: FactColumns;
  /** Index into `all`, plus 1, by the request's index: there are many requests, and an array is the quickest map. */
  readonly #byRequest: Int32Array;
  readonly #bySession = new Map<string, Subject>();

  constructor(facts: FactColumns) {
    this.#facts = facts;
    this.#byRequest = new Int32Array(facts.length);
  }

  /** Undefined where it meets nobody who was exposed. */
  of(row: OutcomeRow): Subject | undefined {
    return row.requestRow === undefined ? this.#later(row) : this.#request(row.requestRow);
  }

  #request(row: number): Subject | undefined {
    const facts = this.#facts;
    const index = facts.indexOfRow(row);
    const cell = index === undefined ? noCell : (facts.cell[index] ?? noCell);
    if (index === undefined || cell === noCell) return undefined;
    const known = this.#byRequest[index] ?? 0;
    if (known > 0) return this.all[known - 1];
    const subject = this.#add(cell, facts.receivedAt[index] ?? 0, index);
    this.#byRequest[index] = this.all.length;
    return subject;
  }

  /**
   * Of a session or a unit: it counts for the variant that the unit had met by then; before that it is no effect of one. A session
   * of several units is that of the first who had met one: who comes later cannot take what was said before.
   */
  #later({ session, unit, at }: OutcomeRow): Subject | undefined {
    const facts = this.#facts;
    const own = facts.unitAt(unit ?? -1);
    const units = session === undefined ? (own === undefined ? [] : [own]) : facts.unitsOfSession(session);
    const cell = units.map((one) => facts.cellAt(one, at)).find((one) => one !== noCell) ?? noCell;
    if (cell === noCell) return undefined;
    // A unit that goes on in another phase is another subject there.
    const key = session === undefined ? `u${cell}` : `s${session}/${cell}`;
    const known = this.#bySession.get(key);
    if (known !== undefined) return known;
    const subject = this.#add(cell, facts.cellStart[cell] ?? 0);
    this.#bySession.set(key, subject);
    return subject;
  }

  #add(cell: number, anchor: number, request?: number): Subject {
    const subject = { cell, request, anchor, value: 0, at: 0, n: 0 };
    this.all.push(subject);
    return subject;
  }
}

function combine(
  known: Subject,
  next: { readonly value: number; readonly at: number },
  metric: OutcomeMetric,
): void {
  known.n += 1;
  if (known.n === 1) {
    known.value = next.value;
    known.at = next.at;
    return;
  }
  switch (metric.combine) {
    case "last":
      if (next.at >= known.at) known.value = next.value;
      break;
    case "first":
      if (next.at < known.at) known.value = next.value;
      break;
    case "sum":
      known.value += next.value;
      break;
    case "max":
      known.value = Math.max(known.value, next.value);
      break;
    case "mean":
      known.value += (next.value - known.value) / known.n;
      break;
  }
  known.at = metric.combine === "first" ? Math.min(known.at, next.at) : Math.max(known.at, next.at);
}

function numberOf(row: OutcomeRow, metric: OutcomeMetric): number | undefined {
  if (row.value !== undefined) return row.value;
  if (row.isCorrect !== undefined) return row.isCorrect ? 1 : 0;
  if (row.category === undefined || !Object.hasOwn(metric.categories, row.category)) return undefined;
  return metric.categories[row.category];
}
