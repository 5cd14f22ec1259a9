import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { readArguments } from "../../src/cli/command.ts";
import { exportCommand } from "../../src/cli/export.ts";
import { type ExportColumn, outcomeColumns, recordColumns } from "../../src/cli/export-columns.ts";
import { parquetFile } from "../../src/cli/export-parquet.ts";
import { csvLines, jsonLines } from "../../src/cli/export-text.ts";
import { createProgress } from "../../src/cli/progress.ts";
import { timeOption } from "../../src/cli/time-option.ts";
import { createIds } from "../../src/core/ids.ts";
import type { OutcomeRecord } from "../../src/domain/outcome.ts";
import type { RequestRecord } from "../../src/domain/record.ts";
import type { EventStore } from "../../src/domain/store.ts";
import { openSqliteStore } from "../../src/stores/sqlite/store.ts";
import { storePath } from "../../src/stores/store-path.ts";
import {
  asKept,
  attempt,
  outcome,
  phase,
  pseudonym,
  record,
  recordingLog,
  storeConfig,
} from "../stores/record-fixture.ts";
import { flipBit } from "../stores/sqlite-fixture.ts";
import { createIo } from "./io-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-export-"));
after(() => rmSync(folder, { recursive: true }));

function configure(name: string, extra = ""): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    `server: { state_dir: ./${name} }
upstreams:
  main: { base_url: http://127.0.0.1:9/v1 }
metrics:
  resolved: { kind: boolean, window: 24h }
experiments:
  tone:
    variants:
      control: { model: small }
      warm: { model: large }
    analysis: { goals: [resolved] }
${extra}`,
  );
  return path;
}

async function run(argv: readonly string[], io = createIo(), expected = 0) {
  const code = await exportCommand.run(readArguments(exportCommand, argv), io.io);
  assert.equal(code, expected);
  return io;
}

/** RFC 4180, as a reader would. */
function csvRows(text: string): string[][] {
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  const rows: string[][] = [[]];
  for (const [, quoted, bare, end] of text.matchAll(field)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? "");
    if (end === "\r\n") rows.push([]);
  }
  assert.deepEqual(rows.pop(), []);
  return rows;
}

async function parquetRows(chunks: Iterable<Uint8Array>): Promise<Record<string, unknown>[]> {
  const bytes = Buffer.concat([...chunks]);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return parquetReadObjects({ file });
}

describe("assay export", () => {
  const config = configure("state");
  const startedAt = Date.UTC(2026, 10, 3, 12);
  const ids = createIds(() => startedAt);
  const records: RequestRecord[] = Array.from({ length: 40 }, (_, at) =>
    record({
      requestId: ids.requestId(),
      receivedAt: startedAt + at * 1000,
      experimentId: at % 4 === 3 ? "length" : "tone",
      assignedVariantId: at % 2 === 0 ? "control" : "warm",
      unitHash: pseudonym(`user ${at % 10}`),
      latencyMs: 400 + at,
    }),
  );
  const outcomes: OutcomeRecord[] = records.slice(0, 12).map(({ requestId, receivedAt }, at) =>
    outcome({
      subject: { kind: "request", requestId },
      value: at % 3 === 0 ? 1 : 0,
      at: receivedAt + 10,
      receivedAt: receivedAt + 20,
    }),
  );
  let store: EventStore;

  before(async () => {
    const log = recordingLog();
    const path = storePath(join(folder, "state"));
    store = openSqliteStore({ path, instance: "one", boot: "b1", config: storeConfig, log, now: Date.now });
    for (const one of records) store.append(one);
    store.addPhase(phase());
    await store.addOutcomes(outcomes);
    await store.flush();
  });
  after(() => store.close());

  test("writes whole records as JSON lines, oldest first, while the store is open", async () => {
    const io = await run(["--config", config]);
    const lines = io.out().trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      asKept(records),
    );
    assert.equal(io.err(), "40 rows\n");
  });

  test("says how many rows a file has, and takes its format from its name in any case", async () => {
    const path = join(folder, "few.CSV");
    const io = await run(["--config", config, "--experiment", "length", "--out", path]);
    assert.equal(io.err(), `10 rows in ${path}\n`);
    assert.equal(csvRows(readFileSync(path, "utf8")).length, 11);
  });

  test("reads the folder of --state-dir, also where the configuration names another", async () => {
    const elsewhere = configure("nowhere");
    await assert.rejects(run(["--config", elsewhere]), /one of --state-dir\?/);
    const io = await run(["--config", elsewhere, "--state-dir", join(folder, "state")]);
    assert.equal(io.err(), "40 rows\n");
  });

  test("refuses a name that does not tell the format, unless the format is told", async () => {
    const path = join(folder, "few.txt");
    await assert.rejects(run(["--config", config, "--out", path]), {
      code: "invalid_value",
      message: /few\.txt does not tell its format: end it with \.jsonl, \.csv or \.parquet, or .*--format/,
    });
    assert.equal(existsSync(path), false);
    await run(["--config", config, "--out", path, "--format", "csv"]);
    assert.equal(existsSync(path), true);
  });

  test("writes those of one experiment and of a stretch of time", async () => {
    const argv = [
      "--config",
      config,
      "--experiment",
      "length",
      "--from",
      "2026-11-03T12:00:05Z",
      "--to",
      "2026-11-03T12:00:15",
    ];
    const found = (await run(argv)).out().trimEnd().split("\n");
    const wanted = records.filter((one, at) => one.experimentId === "length" && at >= 5 && at < 15);
    assert.deepEqual(
      found.map((line) => JSON.parse(line).requestId),
      wanted.map(({ requestId }) => requestId),
    );
  });

  test("writes outcomes by the name of the file's end, in each format", async () => {
    const paths = ["jsonl", "csv", "parquet"].map((end) => join(folder, `outcomes.${end}`));
    for (const path of paths) await run(["--config", config, "--what", "outcomes", "--out", path]);
    const [jsonl = "", csv = "", parquet = ""] = paths;
    const lines = readFileSync(jsonl, "utf8").trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      asKept(outcomes),
    );
    const [head, ...rows] = csvRows(readFileSync(csv, "utf8"));
    assert.deepEqual(
      head,
      outcomeColumns.map(({ name }) => name),
    );
    assert.deepEqual(
      rows.map((row) => row[4]),
      outcomes.map(({ subject }) => subject.kind === "request" && subject.requestId),
    );
    const read = await parquetRows([readFileSync(parquet)]);
    assert.deepEqual(
      read.map(({ value }) => value),
      outcomes.map(({ value }) => value),
    );
    assert.deepEqual(read[0]?.received_at, new Date(outcomes[0]?.receivedAt ?? 0));
  });

  test("writes, of each unit in its phase and variant, the sums that estimates are made of", async () => {
    const io = await run(["--config", config, "--what", "units", "--experiment", "tone", "--format", "csv"]);
    const [head = [], ...rows] = csvRows(io.out());
    const mine = records.filter(({ experimentId }) => experimentId === "tone");
    const byCell = Map.groupBy(mine, ({ unitHash, assignedVariantId }) => `${unitHash} ${assignedVariantId}`);
    assert.equal(rows.length, byCell.size);
    const numbers = (name: string) => rows.map((row) => Number(row[head.indexOf(name)])).toSorted();
    const wanted = (reduce: (cell: RequestRecord[]) => number) => [...byCell.values()].map(reduce).toSorted();
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    assert.deepEqual(
      numbers("requests"),
      wanted(({ length }) => length),
    );
    assert.deepEqual(
      numbers("latency_n"),
      wanted(({ length }) => length),
    );
    // A cap at the 99.9th percentile of so few values is nearly their greatest: the sum before it is exact.
    assert.deepEqual(
      numbers("latency_uncapped_sum"),
      wanted((cell) => sum(cell.map(({ latencyMs }) => latencyMs))),
    );
    assert.deepEqual(
      numbers("latency_first"),
      wanted(([first]) => first?.latencyMs ?? 0),
    );
    assert.deepEqual(
      numbers("input_tokens_sum_squares"),
      wanted(({ length }) => length * 812 ** 2),
    );
    assert.deepEqual(new Set(rows.map((row) => row[head.indexOf("variant")])), new Set(["control", "warm"]));
    assert.ok(!head.some((name) => name.startsWith("latency_p95")));
    assert.deepEqual(
      head.slice(-4).map((name) => name.startsWith("resolved_")),
      [true, true, true, true],
    );
  });

  test("does not overwrite a file without being forced to, and leaves no half of one", async () => {
    const path = join(folder, "kept.jsonl");
    writeFileSync(path, "mine");
    const argv = ["--config", config, "--out", path];
    await assert.rejects(run(argv), { code: "invalid_value", message: /is there already.*--force/ });
    assert.equal(readFileSync(path, "utf8"), "mine");
    await run([...argv, "--force"]);
    assert.equal(readFileSync(path, "utf8").trimEnd().split("\n").length, records.length);
    await assert.rejects(
      run(["--config", config, "--experiment", "tonne", "--out", join(folder, "none.csv")]),
      {
        message: 'There is no record of an experiment "tonne". Did you mean "tone"?',
      },
    );
    assert.deepEqual(
      readdirSync(folder).filter((name) => /partial|none/.test(name)),
      [],
    );
  });

  test("says why a file cannot be written", async () => {
    const path = join(folder, "no", "such", "folder.csv");
    await assert.rejects(run(["--config", config, "--out", path]), {
      message: /folder\.csv cannot be written: ENOENT/,
    });
  });

  test("stops on Ctrl-C and keeps nothing", async () => {
    const write = async () => {
      process.emit("SIGINT");
    };
    await assert.rejects(run(["--config", config], createIo({ write })), {
      message: "Interrupted: nothing is kept.",
    });
    assert.equal(process.listenerCount("SIGINT"), 0);
  });

  test("shows how far it is on a terminal", async () => {
    const io = await run(["--config", config], createIo({ isErrTerminal: true }));
    assert.match(io.err(), /^\r40 rows, [\d,]+ rows\/s/);
  });

  const misuse: [string[], RegExp][] = [
    [["--format", "cvs"], /--format must be one of jsonl, csv, parquet; it was "cvs"\. Did you mean "csv"/],
    [["--what", "record"], /Did you mean "records"/],
    [["--what", "units"], /name it by --experiment/],
    [["--what", "units", "--experiment", "tonne"], /no experiment "tonne"\. Did you mean "tone"/],
    [["--what", "units", "--experiment", "tone", "--from", "1d"], /leave out --from and --to/],
    [["--what", "outcomes", "--experiment", "tone"], /leave --experiment out/],
    [["--from", "yesterday"], /--from must be a time such as.*it was "yesterday"/],
  ];
  for (const [argv, message] of misuse) {
    test(`refuses ${argv.join(" ")}`, async () => {
      await assert.rejects(run(["--config", config, ...argv]), { name: "Failure", message });
    });
  }

  test("refuses a terminal for Parquet, a store that is not there, and one in memory", async () => {
    const terminal = createIo({ isOutTerminal: true });
    await assert.rejects(run(["--config", config, "--format", "parquet"], terminal), {
      message: /no text for a terminal/,
    });
    await assert.rejects(run(["--config", configure("empty")]), { message: /records\.db is not there/ });
    const memory = configure("memory", "store: { engine: memory }\n");
    await assert.rejects(run(["--config", memory]), { message: /store\.engine is memory/ });
  });
});

interface Row {
  readonly text: string | undefined;
  readonly number: number | undefined;
}
const columns: readonly ExportColumn<Row>[] = [
  { name: "text", type: "text", value: ({ text }) => text },
  { name: "number", type: "number", value: ({ number }) => number },
  { name: "whole", type: "integer", value: ({ number }) => number && Math.trunc(number % 1e9) },
  { name: "at", type: "time", value: ({ number }) => number && Math.abs(Math.trunc(number % 1e12)) },
  { name: "flag", type: "boolean", value: ({ number }) => (number === undefined ? undefined : number > 0) },
];
const someRows = fc.array(
  fc.record({
    text: fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
    number: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
  }),
  { maxLength: 30 },
);

describe("the formats", () => {
  test("CSV gives back what was written, whatever it holds", () => {
    fc.assert(
      fc.property(someRows, (rows) => {
        const [head, ...back] = csvRows([...csvLines(rows, columns)].join(""));
        assert.deepEqual(
          head,
          columns.map(({ name }) => name),
        );
        const texts = back.map(([text = ""]) => text.replace(/^'(?=[\t\r\n]|\s*[=+\-@])/, ""));
        assert.deepEqual(
          texts,
          rows.map(({ text = "" }) => text),
        );
        assert.deepEqual(
          back.map((row) => row[1]),
          rows.map(({ number }) => (number === undefined ? "" : String(number))),
        );
      }),
    );
  });

  test("CSV starts no formula in a spreadsheet, and leaves numbers alone", () => {
    const texts = [
      "=1+1",
      "+SUM(A1)",
      "-2+3",
      "@A1",
      "\t=1",
      "\r=1",
      "\n=1",
      " =1",
      " -1.5",
      "a;=1",
      "a\t=1",
      "-1.5e3",
      "+4",
      "a=1",
      "",
      'O\'Neil, "x"\r\ny',
    ];
    const lines = [
      ...csvLines(
        texts.map((text) => ({ text, number: -1 })),
        columns.slice(0, 2),
      ),
    ].join("");
    assert.equal(
      lines,
      `text,number\r\n'=1+1,-1\r\n'+SUM(A1),-1\r\n'-2+3,-1\r\n'@A1,-1\r\n"'\t=1",-1\r\n"'\r=1",-1\r\n"'\n=1",-1\r\n' =1,-1\r\n -1.5,-1\r\n"a;=1",-1\r\n"a\t=1",-1\r\n-1.5e3,-1\r\n+4,-1\r\na=1,-1\r\n"",-1\r\n"O'Neil, ""x""\r\ny",-1\r\n`,
    );
  });

  test("Parquet gives back what was written, over any number of groups", async () => {
    await fc.assert(
      fc.asyncProperty(someRows, fc.integer({ min: 1, max: 10 }), async (rows, rowsPerGroup) => {
        const back = await parquetRows(parquetFile(rows, columns, rowsPerGroup));
        const typed = rows.map((row) => {
          const whole = row.number && Math.trunc(row.number % 1e9);
          const at = row.number && Math.abs(Math.trunc(row.number % 1e12));
          return {
            text: row.text?.toWellFormed(),
            number: row.number,
            whole: whole === undefined ? undefined : BigInt(whole),
            at: at === undefined ? undefined : new Date(at),
            flag: row.number === undefined ? undefined : row.number > 0,
          };
        });
        assert.deepEqual(
          back.map((row) => Object.values(row).map((value) => value ?? undefined)),
          typed.map((row) => Object.values(row)),
        );
      }),
      { numRuns: 50 },
    );
  });

  test("a record and an outcome have a value or none in every column, of the column's type", () => {
    const types = { text: "string", integer: "number", number: "number", boolean: "boolean", time: "number" };
    const check = <T>(rows: readonly T[], all: readonly ExportColumn<T>[]) => {
      for (const { name, type, value } of all) {
        for (const row of rows) {
          const found = value(row);
          assert.ok(found === undefined || typeof found === types[type], `${name}: ${String(found)}`);
        }
        assert.ok(
          rows.some((row) => value(row) !== undefined),
          `${name} is never filled`,
        );
      }
      assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
    };
    const failed = record({
      attempts: [attempt({ cause: "upstream_reset" }), attempt({ usage: undefined })],
      usage: {
        inputTokens: 1,
        outputTokens: 2,
        cachedInputTokens: 3,
        reasoningTokens: 4,
        source: "provider",
      },
      errorType: "upstream_reset",
      fallback: { from: "control", to: "warm", cause: "upstream_reset" },
      prediction: "setosa",
    });
    const bare = record({
      attempts: [],
      prompt: undefined,
      guardrails: [],
      validations: [],
      finishReasons: [],
      usage: undefined,
    });
    check([failed, bare], recordColumns);
    const subjects: OutcomeRecord["subject"][] = [
      { kind: "request", requestId: "r" },
      { kind: "session", sessionHash: "s" },
      { kind: "unit", unitHash: "u" },
    ];
    const filled = { category: "good", label: "setosa", comment: "well" };
    check(
      subjects.map((subject) => outcome({ subject, ...filled })),
      outcomeColumns,
    );
  });

  test("a large export comes in chunks of bounded size", () => {
    const rows = function* () {
      for (let at = 0; at < 20_000; at++) yield { text: "x".repeat(90), number: at };
    };
    const sizes = [...jsonLines(rows())].map(({ length }) => length);
    assert.ok(sizes.length > 20);
    assert.ok(Math.max(...sizes) < 70_000);
  });
});

describe("progress", () => {
  test("is drawn at most ten times a second, and ends with a line of its own", () => {
    let now = 0;
    let text = "";
    const err = (more: string) => {
      text += more;
    };
    const progress = createProgress({
      screen: { isUnicode: false, isColoured: false },
      isTerminal: true,
      err,
      now: () => now,
    });
    for (let row = 1; row <= 6400; row++) {
      now = row / 16;
      progress.row(row / 6400);
    }
    progress.end();
    const drawn = text.split("\r").slice(1);
    assert.equal(drawn.length, 5);
    assert.match(drawn[1] ?? "", /^#{15}\.{15} 50 % {2}3,200 rows, 16,000 rows\/s/);
    assert.match(drawn.at(-1) ?? "", /^6,400 rows, 16,000 rows\/s.*\n$/);
  });
});

describe("a time on the command line", () => {
  test("is a day, an instant, or so long ago", () => {
    const now = Date.UTC(2026, 10, 22);
    const at = (text: string) => timeOption("from", text, now);
    assert.equal(at("2026-11-03"), Date.UTC(2026, 10, 3));
    assert.equal(at("2026-11-03T12:30"), Date.UTC(2026, 10, 3, 12, 30));
    assert.equal(at("2026-11-03T12:30:01.5Z"), Date.UTC(2026, 10, 3, 12, 30, 1, 500));
    assert.equal(at("2026-11-03T12:30+02:00"), Date.UTC(2026, 10, 3, 10, 30));
    assert.equal(at("7d"), Date.UTC(2026, 10, 15));
    for (const wrong of ["2026-13-01", "3.11.2026", "7", "7w", ""])
      assert.throws(() => at(wrong), { code: "invalid_value" });
  });
});

test("assay export writes what a damaged store still has, says how many rows are lost, and ends with 3", async () => {
  const config = configure("damaged");
  const path = storePath(join(folder, "damaged"));
  const log = recordingLog();
  const store = openSqliteStore({
    path,
    instance: "one",
    boot: "b1",
    config: storeConfig,
    log,
    now: Date.now,
  });
  for (let commit = 0; commit < 2; commit++) {
    for (let row = 0; row < 5; row++) store.append(record());
    await store.flush();
  }
  await store.close();
  const db = new DatabaseSync(path);
  const blocks = db.prepare("SELECT id FROM blocks ORDER BY id").all();
  flipBit(db, Number(blocks[0]?.id));
  const out = join(folder, "damaged.jsonl");
  const some = await run(["--config", config, "--out", out], createIo(), 3);
  const lost = "more cannot be read: the store is damaged where their bodies are.\n";
  assert.equal(some.err(), `5 rows in ${out}\n5 rows ${lost}`);
  assert.equal(readFileSync(out, "utf8").trimEnd().split("\n").length, 5);
  flipBit(db, Number(blocks[1]?.id));
  db.close();
  const none = await run(["--config", config], createIo(), 3);
  assert.equal(none.err(), `0 rows\n10 rows ${lost}`);
});
