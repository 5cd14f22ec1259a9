import type { Sample } from "./burst.ts";
import type { CandidateName } from "./candidates.ts";
import type { Scenario } from "./messages.ts";

interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

interface CandidateReport {
  readonly name: CandidateName;
  readonly samples: Readonly<Record<keyof Sample, Spread>>;
  /** CPU as a multiple of another candidate's in the same round: what the machine does to both cancels out. */
  readonly cpuToRelay: Spread | undefined;
  readonly cpuToNginx: Spread | undefined;
}

export interface Report {
  readonly scenario: Scenario;
  readonly upstream: string;
  readonly node: string;
  readonly cores: number;
  readonly connections: number;
  readonly requestsPerBurst: number;
  readonly rounds: number;
  readonly skipped: readonly CandidateName[];
  readonly candidates: readonly CandidateReport[];
}

export type Rounds = ReadonlyMap<CandidateName, readonly Sample[]>;

export function summarize(rounds: Rounds): readonly CandidateReport[] {
  return [...rounds].map(([name, samples]) => ({
    name,
    samples: {
      cpuUs: spread(samples.map((sample) => sample.cpuUs)),
      p50Ms: spread(samples.map((sample) => sample.p50Ms)),
      p99Ms: spread(samples.map((sample) => sample.p99Ms)),
      firstByteP50Ms: spread(samples.map((sample) => sample.firstByteP50Ms)),
      perSecond: spread(samples.map((sample) => sample.perSecond)),
      rssMb: spread(samples.map((sample) => sample.rssMb)),
    },
    cpuToRelay: ratio(samples, rounds.get("relay")),
    cpuToNginx: ratio(samples, rounds.get("nginx")),
  }));
}

function ratio(samples: readonly Sample[], others: readonly Sample[] | undefined): Spread | undefined {
  if (others === undefined || others.length === 0) return undefined;
  return spread(samples.map((sample, round) => sample.cpuUs / (others[round]?.cpuUs ?? Number.NaN)));
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return { median: (low + high) / 2, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}

/** Medians over the rounds, with the least and the most in brackets. */
export function table(report: Report): string {
  const piece = report.scenario === "stream" ? "chunk" : "request";
  const head = [
    "",
    `CPU µs / ${piece}`,
    "× relay",
    "× nginx",
    "p50 ms",
    "p99 ms",
    "first byte ms",
    "per s",
    "RSS MB",
  ];
  const rows = report.candidates.map(({ name, samples, cpuToRelay, cpuToNginx }) => [
    name,
    withRange(samples.cpuUs, 0),
    withRange(cpuToRelay, 2),
    withRange(cpuToNginx, 2),
    samples.p50Ms.median.toFixed(2),
    withRange(samples.p99Ms, 2),
    samples.firstByteP50Ms.median.toFixed(2),
    samples.perSecond.median.toFixed(0),
    samples.rssMb.median.toFixed(0),
  ]);
  const lines = align([head, ...rows]);
  const facts = [
    `${report.scenario}: ${report.rounds} rounds of ${report.requestsPerBurst} requests`,
    `${report.connections} connections, upstream ${report.upstream}`,
    `Node ${report.node}, ${report.cores} cores`,
    ...report.skipped.map((name) => `${name} skipped: not on PATH`),
  ];
  return `${facts.join(" · ")}\n\n${lines.join("\n")}\n`;
}

function withRange(value: Spread | undefined, digits: number): string {
  if (value === undefined) return "–";
  return `${value.median.toFixed(digits)} (${value.least.toFixed(digits)}–${value.most.toFixed(digits)})`;
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  );
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
}
