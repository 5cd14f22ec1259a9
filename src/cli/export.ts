import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import { storePath } from "../stores/store-path.ts";
import { type Arguments, type Command, configOption, type Io } from "./command.ts";
import { choiceOf, hintFor, readConfig } from "./configured.ts";
import { holdSignals } from "./export-interrupt.ts";
import type { ExportSpan, ExportTable } from "./export-sources.ts";
import { type ExportTarget, openTarget } from "./export-target.ts";
import { csvLines, jsonLines } from "./export-text.ts";
import { createProgress } from "./progress.ts";
import { counted } from "./quantity.ts";
import { screenOf } from "./screen.ts";
import { timeOption } from "./time-option.ts";

const formats = ["jsonl", "csv", "parquet"] as const;
const subjects = ["records", "outcomes", "units"] as const;
type Format = (typeof formats)[number];

// `export` is a word of the language.
export const exportCommand: Command = {
  summary: "write records, outcomes or units to a file, also while the server runs",
  usage: "[--experiment X] [--what WHAT] [--format FORMAT] [--out FILE] [options]",
  options: {
    experiment: { type: "string", value: "ID", description: "of this experiment only; units need one" },
    what: {
      type: "string",
      value: "WHAT",
      description: "records (default), outcomes, or units: the sums of each unit that the statistics rest on",
    },
    format: {
      type: "string",
      value: "FORMAT",
      description: "jsonl, csv or parquet (default: by the end of FILE; jsonl without one)",
    },
    from: {
      type: "string",
      value: "TIME",
      description: "received at or after: 2026-11-03, 2026-11-03T12:00Z, 7d",
    },
    to: { type: "string", value: "TIME", description: "received before" },
    out: { type: "string", value: "FILE", description: "where to (default: -, the standard output)" },
    "state-dir": {
      type: "string",
      value: "DIR",
      description: "of a server that was started with --state-dir (wins over server.state_dir)",
    },
    force: { type: "boolean", description: "overwrite FILE" },
    ...configOption,
  },
  maxPositionals: 0,
  async run(args, io) {
    const now = Date.now();
    const out = args.text("out") ?? "-";
    const format = formatOf(args, out);
    if (format === "parquet" && out === "-" && io.isOutTerminal) {
      throw new Failure(
        "invalid_value",
        "Parquet is no text for a terminal; name a file: --out FILE.parquet.",
      );
    }
    const span = spanOf(args, now);
    const config = readConfig(args, io);
    const path = existingStore(config, args.text("state-dir"));
    // Loaded here, so that other commands do not wait for a store and for statistics.
    const { withTable } = await import("./export-sources.ts");
    const fill = async (target: ExportTarget) => {
      const count = await withTable(path, config, span, (table) => copy(table, { format, target, span, io }));
      if (count.rows + count.lost === 0) checkKnown(config, span.experimentId);
      return count;
    };
    // Held before anything is there that a signal could leave behind.
    const interrupt = holdSignals();
    try {
      const target = await openTarget(out, io, { isForced: args.flag("force"), interrupt });
      const { rows, lost } = await kept(target, fill);
      // A terminal has the bar's last line already, with the speed.
      if (!io.isErrTerminal) io.err(`${counted(rows, "row")}${out === "-" ? "" : ` in ${out}`}\n`);
      if (lost === 0) return 0;
      io.err(`${counted(lost, "row")} more cannot be read: the store is damaged where their bodies are.\n`);
      return notWhole;
    } finally {
      interrupt.release();
    }
  },
};

/** All that can be read was written, and something cannot: as "not enough data", not as a failure. */
const notWhole = 3;

interface RowCount {
  readonly rows: number;
  /** Those that were left out. */
  readonly lost: number;
}

/** What `fill` gives, with the target finished; nothing of the target when either fails. */
async function kept<T>(target: ExportTarget, fill: (target: ExportTarget) => Promise<T>): Promise<T> {
  try {
    const given = await fill(target);
    await target.finish();
    return given;
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

async function copy<Row>(
  table: ExportTable<Row>,
  to: { readonly format: Format; readonly target: ExportTarget; readonly span: ExportSpan; readonly io: Io },
): Promise<RowCount> {
  const { format, target, span, io } = to;
  const progress = createProgress({
    screen: screenOf(io.env, io.isErrTerminal),
    isTerminal: io.isErrTerminal,
    err: io.err,
    now: () => performance.now(),
  });
  const end = Math.min(span.until ?? span.now, span.now);
  let begin = span.from;
  let rows = 0;
  const counted = function* (): Generator<Row, void, void> {
    for (const row of table.rows) {
      yield row;
      rows++;
      const at = table.timeOf(row) ?? end;
      begin ??= at;
      progress.row((at - begin) / (end - begin));
    }
  };
  try {
    for (const chunk of await encoded(counted(), table, format)) {
      await target.write(chunk);
      await turn();
    }
  } finally {
    progress.end();
  }
  return { rows, lost: table.lostRows() };
}

/** Lets signals and errors in: a write to a file of the shell's resolves without one turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function encoded<Row>(
  rows: Iterable<Row>,
  { columns, whole }: ExportTable<Row>,
  format: Format,
): Promise<Iterable<string | Uint8Array>> {
  if (format === "csv") return csvLines(rows, columns);
  if (format === "jsonl") return jsonLines(mapped(rows, whole));
  const { parquetFile } = await import("./export-parquet.ts");
  return parquetFile(rows, columns);
}

function* mapped<Row>(rows: Iterable<Row>, to: (row: Row) => unknown): Generator<unknown, void, void> {
  for (const row of rows) yield to(row);
}

function formatOf(args: Arguments, out: string): Format {
  const written = args.text("format");
  if (written !== undefined) return choiceOf("format", written, formats);
  if (out === "-") return "jsonl";
  const byName = formats.find((format) => out.toLowerCase().endsWith(`.${format}`));
  if (byName !== undefined) return byName;
  throw new Failure(
    "invalid_value",
    `${out} does not tell its format: end it with .jsonl, .csv or .parquet, or name one by --format.`,
  );
}

function spanOf(args: Arguments, now: number): ExportSpan {
  const what = choiceOf("what", args.text("what") ?? "records", subjects);
  const experimentId = args.text("experiment");
  const from = timeOption("from", args.text("from"), now);
  const until = timeOption("to", args.text("to"), now);
  if (what === "outcomes" && experimentId !== undefined) {
    const message =
      "Outcomes belong to requests, sessions and units, and only through them to an experiment: leave --experiment out, and join them with the records.";
    throw new Failure("invalid_value", message);
  }
  if (what === "units" && (from ?? until) !== undefined) {
    throw new Failure(
      "invalid_value",
      "Units are exported whole, as the statistics see them: leave out --from and --to.",
    );
  }
  return { what, experimentId, from, until, now };
}

function existingStore({ store, stateDir }: Config, wanted: string | undefined): string {
  if (store.engine === "memory") {
    throw new Failure(
      "invalid_value",
      "store.engine is memory: nothing is kept that another process could read.",
    );
  }
  const path = storePath(wanted === undefined ? stateDir : resolve(wanted));
  if (existsSync(path)) return path;
  throw new Failure(
    "invalid_value",
    `${path} is not there: no server has kept anything yet. Is it another configuration's, or one of --state-dir?`,
  );
}

/** An experiment may have left the configuration and still have records; one that has neither was mistyped. */
function checkKnown({ experiments }: Config, experimentId: string | undefined): void {
  if (experimentId === undefined || Object.hasOwn(experiments, experimentId)) return;
  const hint = hintFor(experimentId, Object.keys(experiments));
  throw new Failure("not_found", `There is no record of an experiment "${experimentId}".${hint}`);
}
