/** Facts out of the file, on a connection of its own: in the thread of the statistics, or in a command. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { BootCount, FactSource, OutcomeFact, Phase, RequestFact } from "../../domain/store.ts";
import { isWaiting } from "./outcome-writer.ts";
import { createReadConnection } from "./read-connection.ts";

const factColumns =
  "row, received_at, unit, session, phase, assigned, served, flags, latency_ms, first_chunk_ms, " +
  "input_tokens, output_tokens, cached_tokens, cost_usd, response_model";
const outcomeColumns =
  "row, metric, at, received_at, request_row, session, unit, value, category, label, prediction";
/** Rows are fetched so many at once: faster than one by one, and no long transaction keeps the log from being cut. */
const pageRows = 5000;

/** A file that is not there yet has no facts; one that is made later, or takes its place, is found. */
export function openFactSource(path: string): FactSource {
  let names = new Map<number, string>();
  const connection = createReadConnection(path, () => {
    names = new Map();
  });
  const textOf = (db: DatabaseSync) => (id: Column) => {
    if (id === null) return undefined;
    const known = names.get(Number(id));
    if (known !== undefined) return known;
    for (const row of db.prepare("SELECT id, text FROM names").all()) {
      names.set(Number(row.id), String(row.text));
    }
    return names.get(Number(id));
  };

  return {
    generation: () =>
      connection.read((db) => Number(db.prepare("SELECT generation FROM state").get()?.generation)) ?? 0,
    eachFact: (experimentId, afterRow, visit) =>
      connection.read((db) => {
        const sql = `SELECT ${factColumns} FROM facts
          WHERE experiment = (SELECT id FROM names WHERE text = ?) AND row > ? ORDER BY row LIMIT ${pageRows}`;
        const text = textOf(db);
        const page = (after: number) => rowsOf(db, sql, [experimentId, after]);
        return eachPage(page, afterRow, (columns) => visit(factOf(columns, text)));
      }) ?? afterRow,
    eachOutcome: (afterRow, visit) =>
      connection.read((db) => {
        const sql = `SELECT ${outcomeColumns} FROM outcomes
          WHERE row > ? AND NOT (${isWaiting}) ORDER BY row LIMIT ${pageRows}`;
        const text = textOf(db);
        const page = (after: number) => rowsOf(db, sql, [after]);
        return eachPage(page, afterRow, (columns) => visit(outcomeOf(columns, text)));
      }) ?? afterRow,
    phases: (experimentId) => connection.read((db) => phasesOf(db, experimentId)) ?? [],
    boots: () => connection.read(bootsOf) ?? [],
    orphans: () => connection.read(orphansOf) ?? new Map(),
    close: connection.close,
  };
}

type Column = SQLOutputValue;
type Columns = readonly Column[];
type Text = (id: Column) => string | undefined;

/** Gives the last row. */
function eachPage(
  page: (afterRow: number) => Columns[],
  afterRow: number,
  visit: (columns: Columns) => void,
) {
  let last = afterRow;
  for (;;) {
    const rows = page(last);
    for (const columns of rows) visit(columns);
    last = Number(rows.at(-1)?.[0] ?? last);
    if (rows.length < pageRows) return last;
  }
}

function rowsOf(db: DatabaseSync, sql: string, values: (string | number)[]): Columns[] {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  // With `setReturnArrays` a row is the array of its columns; the type of node does not say so.
  return statement.all(...values) as unknown as Columns[];
}

function factOf(columns: Columns, text: Text): RequestFact {
  const [row, receivedAt, unit, session, phase, assigned, served, flags, latencyMs, firstChunkMs, ...rest] =
    columns;
  const [inputTokens, outputTokens, cachedTokens, costUsd, responseModel] = rest;
  return {
    row: Number(row),
    receivedAt: Number(receivedAt),
    unit: Number(unit),
    session: Number(session),
    phase: text(phase ?? null) ?? "",
    assigned: text(assigned ?? null) ?? "",
    served: text(served ?? null),
    flags: Number(flags),
    latencyMs: Number(latencyMs),
    firstChunkMs: numberOf(firstChunkMs),
    inputTokens: numberOf(inputTokens),
    outputTokens: numberOf(outputTokens),
    cachedTokens: numberOf(cachedTokens),
    costUsd: numberOf(costUsd),
    responseModel: text(responseModel ?? null),
  };
}

function outcomeOf(columns: Columns, text: Text): OutcomeFact {
  const [row, metric, at, receivedAt, requestRow, session, unit, value, category, label, prediction] =
    columns;
  return {
    row: Number(row),
    metric: text(metric ?? null) ?? "",
    at: Number(at),
    receivedAt: Number(receivedAt),
    requestRow: numberOf(requestRow),
    session: numberOf(session),
    unit: numberOf(unit),
    value: numberOf(value),
    category: text(category ?? null),
    label: textOrNone(label),
    prediction: textOrNone(prediction),
  };
}

function phasesOf(db: DatabaseSync, experimentId: string): Phase[] {
  return (
    db
      .prepare("SELECT body FROM phases WHERE experiment = ? ORDER BY started_at, id")
      .all(experimentId)
      // The store wrote it, from a Phase.
      .map(({ body }) => JSON.parse(String(body)) as Phase)
  );
}

function bootsOf(db: DatabaseSync): BootCount[] {
  return db
    .prepare(
      "SELECT instance, boot, started_at, alive_at, is_closed, last_sequence, rows FROM boots ORDER BY id",
    )
    .all()
    .map((line) => ({
      instance: String(line.instance),
      boot: String(line.boot),
      startedAt: Number(line.started_at),
      aliveAt: Number(line.alive_at),
      isClosed: line.is_closed === 1,
      lastSequence: Number(line.last_sequence),
      rows: Number(line.rows),
    }));
}

function orphansOf(db: DatabaseSync): ReadonlyMap<string, number> {
  const counts = db
    .prepare(`SELECT n.text, count(*) AS waiting FROM outcomes o JOIN names n ON n.id = o.metric
      WHERE ${isWaiting} GROUP BY n.text`)
    .all();
  return new Map(counts.map(({ text, waiting }) => [String(text), Number(waiting)]));
}

function numberOf(value: Column | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

function textOrNone(value: Column | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}
