import { analysisPlan } from "../core/analysis-plan.ts";
import type { Config } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import { openFactSource } from "../stores/sqlite/fact-source.ts";
import { scanOutcomes, scanRecords } from "../stores/sqlite/scan.ts";
import { experimentIn } from "./configured.ts";
import { type ExportColumn, outcomeColumns, recordColumns } from "./export-columns.ts";
import { objectOf } from "./export-text.ts";
import { unitExport } from "./export-units.ts";

/** Rows in an order of their own, and how tables and JSON show one. */
export interface ExportTable<Row> {
  readonly rows: Iterable<Row>;
  readonly columns: readonly ExportColumn<Row>[];
  /** What a JSON line says of it. */
  readonly whole: (row: Row) => unknown;
  /** Epoch milliseconds, ascending, or nearly; undefined where rows have no order in time. */
  readonly timeOf: (row: Row) => number | undefined;
  /** Rows that `rows` has left out so far, because what the store has of them is damaged. */
  readonly lostRows: () => number;
}

export interface ExportSpan {
  readonly what: "records" | "outcomes" | "units";
  readonly experimentId: string | undefined;
  /** Epoch milliseconds; `from` is in it, `until` is not. */
  readonly from: number | undefined;
  readonly until: number | undefined;
  readonly now: number;
}

/** Gives `use` the table that was asked for, and what it gives back; throws `not_found` for units of an unknown experiment. */
export function withTable<T>(
  path: string,
  config: Config,
  span: ExportSpan,
  use: <Row>(table: ExportTable<Row>) => T,
): T {
  const { experimentId, from, until } = span;
  switch (span.what) {
    case "records": {
      let lost = 0;
      const onLost = (rows: number) => {
        lost += rows;
      };
      return use({
        rows: scanRecords(path, { experimentId, from, until }, onLost),
        columns: recordColumns,
        whole: (record) => record,
        timeOf: ({ receivedAt }) => receivedAt,
        lostRows: () => lost,
      });
    }
    case "outcomes":
      return use({
        rows: scanOutcomes(path, { from, until }),
        columns: outcomeColumns,
        whole: (outcome) => outcome,
        timeOf: ({ receivedAt }) => receivedAt,
        lostRows: () => 0,
      });
    case "units": {
      const { rows, columns } = unitsOf(path, config, span);
      return use({
        rows,
        columns,
        whole: (row) => objectOf(columns, row),
        timeOf: () => undefined,
        lostRows: () => 0,
      });
    }
  }
}

function unitsOf(path: string, config: Config, { experimentId, now }: ExportSpan) {
  if (experimentId === undefined) {
    throw new Failure("missing_required_parameter", "Units are an experiment's: name it by --experiment.");
  }
  const experiment = experimentIn(config, experimentId);
  const source = openFactSource(path);
  try {
    return unitExport(source, analysisPlan(config, experiment, "all"), now);
  } finally {
    source.close();
  }
}
