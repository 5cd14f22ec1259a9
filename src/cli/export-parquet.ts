import { ByteWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import type { ExportColumn } from "./export-columns.ts";

/** What is held in memory at once: rows of one group. Large enough that a reader skips by group and compresses well. */
const groupRows = 10_000;

const types = {
  text: "STRING",
  integer: "INT64",
  number: "DOUBLE",
  boolean: "BOOLEAN",
  time: "TIMESTAMP",
} as const;

/** A Parquet file, group by group; columns are optional, times are UTC milliseconds, pages are compressed with Snappy. */
export function* parquetFile<Row>(
  rows: Iterable<Row>,
  columns: readonly ExportColumn<Row>[],
  rowsPerGroup = groupRows,
): Generator<Uint8Array, void, void> {
  const bytes = new ByteWriter();
  const columnData = columns.map(({ name, type }) => ({ name, type: types[type], nullable: true, data: [] }));
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaFromColumnData({ columnData }),
    createdBy: "assay",
  });
  let group = emptyGroup(columns);
  const writeGroup = () => {
    const data = columns.map(({ name }, at) => ({ name, data: group[at] ?? [] }));
    // Without a `flush` of its own, the sink is written to at once.
    writer.write({ columnData: data, rowGroupSize: rowsPerGroup });
    group = emptyGroup(columns);
    return taken(bytes);
  };
  for (const row of rows) {
    for (const [at, column] of columns.entries()) group[at]?.push(cell(row, column));
    if (group[0]?.length === rowsPerGroup) yield writeGroup();
  }
  if ((group[0]?.length ?? 0) > 0) yield writeGroup();
  writer.finish();
  yield taken(bytes);
}

type Cell = string | number | bigint | boolean | Date | undefined;

function emptyGroup(columns: readonly unknown[]): Cell[][] {
  return columns.map(() => []);
}

function cell<Row>(row: Row, { value, type }: ExportColumn<Row>): Cell {
  const found = value(row);
  if (typeof found !== "number") return found;
  if (!Number.isFinite(found)) return undefined;
  if (type === "time") return new Date(found);
  return type === "integer" ? BigInt(Math.round(found)) : found;
}

/** The bytes so far, taken out of the sink: its `offset` goes on counting, which the file's footer needs. */
function taken(bytes: ByteWriter): Uint8Array {
  const some = bytes.getBytes().slice();
  bytes.index = 0;
  return some;
}
