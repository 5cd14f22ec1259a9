import type { Ratio, Spread } from "./arithmetic.ts";
import type { FigureName } from "./figures.ts";
import type { CandidateReport, Report, ScenarioReport } from "./report.ts";
import type { Kind } from "./scenarios.ts";

/** The report for people: one table a scenario, at most 120 columns. */
export function table(report: Report): string {
  const absent = report.absent.map(({ name, reason }) => `${name} is absent: ${oneLine(reason)}\n`);
  const versions = Object.entries({ Node: report.node, ...report.versions }).map((pair) => pair.join(" "));
  return [
    `${report.date} · ${report.machine} · ${versions.join(", ")}\n`,
    legend,
    ...report.scenarios.map(scenarioTable),
    absent.join(""),
  ].join("\n");
}

const legend = `CPU: lowest quartile of the rounds, median, and in brackets the least and the most; of all threads and children.
Ratios: median of the rounds, and in brackets its 95 % interval (the whole range where the rounds are fewer than six).\n`;

interface Column {
  readonly title: string;
  readonly cell: (candidate: CandidateReport) => string;
}

function scenarioTable(scenario: ScenarioReport): string {
  const columns = [...cpuColumns(scenario), ...columnsOf[scenario.kind](scenario)];
  const head = ["", ...columns.map(({ title }) => title)];
  const rows = scenario.measured.map((one) => [one.name, ...columns.map(({ cell }) => cell(one))]);
  const failures = scenario.measured.flatMap(({ name, failure }) =>
    failure === undefined ? [] : [`${name} FAILED: ${oneLine(failure)}`],
  );
  const title = `${scenario.name}: ${scenario.about}; ${scenario.rounds} rounds, upstream ${scenario.served}`;
  return `${[title, ...align([head, ...rows]), ...failures].join("\n")}\n`;
}

function cpuColumns({ kind, candidates, request }: ScenarioReport): readonly Column[] {
  if (kind === "slow_reader") return [];
  const others = [
    { title: "× nginx", cell: (one: CandidateReport) => interval(one.cpuToNginx) },
    candidates === "conditions"
      ? { title: "× assay", cell: (one: CandidateReport) => interval(one.cpuToAssay) }
      : { title: "× relay", cell: (one: CandidateReport) => interval(one.cpuToRelay) },
  ];
  const cpu = {
    title: `CPU µs / ${request.isStream ? "chunk" : "request"}`,
    cell: ({ figures: { cpuUs } }: CandidateReport) =>
      cpuUs === undefined ? "–" : `${cpuUs.lowerQuartile.toFixed(0)} · ${range(cpuUs, 0)}`,
  };
  return [cpu, ...(kind === "burst" ? others : others.slice(0, 1))];
}

const columnsOf: Readonly<Record<Kind, (scenario: ScenarioReport) => readonly Column[]>> = {
  burst: ({ request }) => [
    ...(request.isStream
      ? [column("event p50", "eventP50Ms"), column("p99 ms", "eventP99Ms")]
      : [column("p50 ms", "p50Ms", 1), column("p99 ms", "p99Ms", 1)]),
    column("per s", "perSecond", 0),
    column("RSS MB", "rssMb", 0),
  ],
  pairs: ({ request }) => [
    column("direct p50", "directP50Ms"),
    ...(request.isStream
      ? [
          column("+first p50", "addedFirstByteP50Ms"),
          column("p99", "addedFirstByteP99Ms"),
          column("+event p50", "addedEventP50Ms"),
          column("p99 ms", "addedEventP99Ms"),
        ]
      : [column("+p50", "addedP50Ms"), column("+p99 ms", "addedP99Ms")]),
  ],
  held: () => [
    column("KB / stream", "rssPerStreamKb", 0),
    column("event p50", "eventP50Ms", 1),
    column("p99 ms", "eventP99Ms", 1),
    column("RSS MB", "rssMb", 0),
  ],
  slow_reader: () => [
    column("RSS MB", "rssMb", 0),
    column("taken MB", "rssTakenMb", 0),
    column("then MB", "rssGrowthMb", 1),
  ],
};

function column(title: string, name: FigureName, digits = 2): Column {
  return { title, cell: ({ figures }) => figures[name]?.median.toFixed(digits) ?? "–" };
}

function range({ median, least, most }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

function interval(value: Ratio | undefined): string {
  if (value === undefined || Number.isNaN(value.median)) return "–";
  return `${value.median.toFixed(2)} (${value.low.toFixed(2)}–${value.high.toFixed(2)})`;
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
}

function oneLine(text: string): string {
  return text.slice(0, 90).split("\n")[0] ?? "";
}
