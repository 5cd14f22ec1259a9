/**
 * A simulated experiment, written down once for both sides: `node test/reference/report-facts.ts` from the root of the repository writes
 * test/vectors/report-requests.csv and report-outcomes.csv; then report.py reckons from these rows. Times are minutes, costs millionths.
 */
import { writeFileSync } from "node:fs";
import { createRandom } from "../../src/analysis/random.ts";
import { factFlags } from "../../src/domain/store.ts";
import { flagsWith } from "../analysis/report-fixture.ts";

const random = createRandom(20261122);
const units = 400;
const day = 24 * 60;
const [changedAt, killedAt, endsAt] = [6 * day, 11 * day, 15 * day];
const pick = (of: readonly string[], shares: readonly number[]) => {
  const drawn = random.uniform();
  const upTo = (index: number) => shares.slice(0, index + 1).reduce((sum, share) => sum + share, 0);
  return of.find((_, index) => drawn < upTo(index)) ?? "control";
};
const variants = ["control", "warm", "terse"];

interface Request {
  readonly minute: number;
  readonly unit: number;
  readonly session: number;
  readonly phase: string;
  readonly assigned: string;
  readonly served: string;
  readonly bits: number;
  readonly latencyMs: number;
  readonly firstChunkMs: number | "";
  readonly inputTokens: number | "";
  readonly outputTokens: number | "";
  readonly costMillionths: number | "";
  readonly nature: number;
}

const requests = Array.from({ length: units }, (_, index) => index + 1)
  .flatMap(requestsOf)
  .toSorted((one, other) => one.minute - other.minute);
const rows = requests.map((request, index) => ({ ...request, row: 2 * index + 1 }));

function requestsOf(unit: number): Request[] {
  const nature = random.normal();
  // Heavy tailed: most ask once or twice, a few ask fifty times.
  const count = 1 + Math.floor(Math.exp(random.normal(0.8, 1)));
  // The second phase deals anew, so that a unit may stand in two variants.
  const first = pick(variants, [0.5, 0.25, 0.25]);
  const second = pick(variants, [0.4, 0.3, 0.3]);
  const begins = random.bernoulli(0.6) ? -4 * day : random.uniform() * killedAt;
  return Array.from({ length: count }, () => {
    const at = Math.floor(begins + random.uniform() * (endsAt - begins));
    return requestAt({ at, unit, nature, variant: at < changedAt ? first : second });
  });
}

function requestAt(facts: { at: number; unit: number; nature: number; variant: string }): Request {
  const { at, unit, nature, variant } = facts;
  const isKilled = at >= killedAt && variant === "terse";
  const isExposed = at >= 0 && !random.bernoulli(0.02);
  const assigned = at < 0 ? "control" : variant;
  // A killed variant keeps its units, and the control serves them.
  const serves = isKilled ? "control" : assigned;
  const phase = at < changedAt ? "p1" : at < killedAt ? "p2" : "p2!terse";
  const hardness = 1 / (1 + Math.exp(2.5 - nature));
  const isError = random.bernoulli(hardness);
  const isFallback = isError && random.bernoulli(0.7);
  const isCancelled = !isError && random.bernoulli(0.03);
  const isChecked = random.bernoulli(0.8);
  const passes = random.bernoulli(0.85);
  const flags = flagsWith(
    ...(isKilled ? (["killed"] as const) : []),
    ...(isError && !isFallback ? [] : (["success"] as const)),
    ...(isError ? (["error"] as const) : []),
    ...(isFallback ? (["fallback"] as const) : []),
    ...(isCancelled ? (["cancelled"] as const) : []),
    ...(random.bernoulli(0.03) ? (["refusal"] as const) : []),
    ...(isChecked ? (["schemaFirstEvaluated", "schemaEvaluated"] as const) : []),
    ...(isChecked && passes ? (["schemaFirstPassed"] as const) : []),
    ...(isChecked && (passes || random.bernoulli(0.6)) ? (["schemaPassed"] as const) : []),
  );
  const effect = { control: 0, warm: 0.05, terse: -0.2 }[serves] ?? 0;
  const latencyMs = Math.round(Math.exp(6.5 + 0.4 * nature + effect + random.normal(0, 0.5)));
  const inputTokens = Math.round(200 * Math.exp(random.normal(0, 0.6)));
  const outputTokens = Math.round(120 * Math.exp(effect + 0.3 * nature + random.normal(0, 0.7)));
  const isTold = !isCancelled && !random.bernoulli(0.03);
  return {
    minute: at,
    unit,
    session: random.bernoulli(0.1) ? 0 : 1_000 + unit * 10 + Math.floor((at + 4 * day) / (2 * day)),
    phase,
    assigned,
    served: !isError ? serves : isFallback && random.bernoulli(0.8) ? "control" : "",
    bits: isExposed ? flags : flags & ~factFlags.exposed,
    latencyMs: random.bernoulli(0.004) ? latencyMs * 30 : latencyMs,
    firstChunkMs: random.bernoulli(0.5) ? Math.round(latencyMs * 0.3) : "",
    inputTokens: isTold ? inputTokens : "",
    outputTokens: isTold ? outputTokens : "",
    costMillionths: isTold ? inputTokens + 4 * outputTokens : "",
    nature,
  };
}

interface Outcome {
  readonly metric: string;
  readonly minute: number;
  readonly request?: number;
  readonly session?: number;
  readonly unit?: number;
  readonly value?: number;
  readonly category?: string;
  readonly label?: string;
  readonly prediction?: string;
}

const outcomes: Outcome[] = [];
const chance = (share: number) => random.bernoulli(share);
for (const { row, minute, unit, session, nature, assigned } of rows) {
  const good = 1 / (1 + Math.exp(-0.3 - nature - (assigned === "warm" ? 0.6 : 0)));
  const soon = () => minute + 1 + Math.floor(random.exponential(600));
  const request = row;
  if (chance(0.4))
    outcomes.push({ metric: "resolved", minute: soon(), request, value: chance(good) ? 1 : 0 });
  if (chance(0.06))
    outcomes.push({ metric: "resolved", minute: soon(), request, value: chance(good) ? 1 : 0 });
  if (chance(0.2)) outcomes.push({ metric: "thumbs", minute: soon(), request, value: chance(good) ? 1 : 0 });
  if (chance(0.15)) outcomes.push({ metric: "revenue", minute: soon(), request, value: spent() });
  if (chance(0.15)) outcomes.push({ metric: "revenue", minute: soon(), request, value: spent() });
  if (chance(0.1)) outcomes.push({ metric: "spend", minute: soon() - 30, unit, value: spent() });
  if (chance(0.15)) outcomes.push({ metric: "visits", minute: soon(), unit, value: 1 });
  if (session > 0 && chance(0.3)) {
    const stars = 1 + Math.floor(5 * random.beta(1 + 3 * good, 2));
    outcomes.push({ metric: "csat", minute: soon(), session, value: Math.min(5, stars) });
  }
  if (chance(0.15)) {
    outcomes.push({
      metric: "quality",
      minute: soon(),
      request,
      category: pick(["good", "so_so", "bad", "unheard_of"], [0.4, 0.3, 0.2, 0.1]),
    });
  }
  if (chance(0.2)) {
    const label = chance(0.5) ? "cat" : "dog";
    const told = chance(good) ? label : "bird";
    outcomes.push({
      metric: "correct",
      minute: soon(),
      request,
      label,
      ...(chance(0.9) ? { prediction: told } : {}),
    });
  }
}

function spent(): number {
  return Math.round(100 * Math.exp(random.normal(1, 1.3))) / 100;
}

const csv = (names: readonly string[], lines: readonly object[]) =>
  [
    names.join(","),
    ...lines.map((line) => names.map((name) => Reflect.get(line, name) ?? "").join(",")),
  ].join("\n");
const write = (name: string, text: string) =>
  writeFileSync(new URL(`../vectors/${name}.csv`, import.meta.url), `${text}\n`);
write(
  "report-requests",
  csv(
    [
      "row",
      "minute",
      "unit",
      "session",
      "phase",
      "assigned",
      "served",
      "bits",
      "latencyMs",
      "firstChunkMs",
      "inputTokens",
      "outputTokens",
      "costMillionths",
    ],
    rows,
  ),
);
write(
  "report-outcomes",
  csv(
    ["row", "metric", "minute", "request", "session", "unit", "value", "category", "label", "prediction"],
    outcomes
      .toSorted((one, other) => one.minute - other.minute)
      .map((outcome, index) => ({ ...outcome, row: 10_000 + index })),
  ),
);
