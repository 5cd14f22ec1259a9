/**
 * Simulates ramps in worlds whose truth is known, through the functions that decide in a server, and writes docs/ramps.md's tables:
 * `node scripts/ramps.ts [--runs N] [--effect-runs N] [--seed S]`. The same runs and seed give the same figures on every machine.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { finishing, harmful, harmless, type Scenario } from "./ramps/scenarios.ts";
import { finishingTable, harmfulTable, harmlessTable, tallyOf } from "./ramps/tables.ts";
import { withSection } from "./statistics/page.ts";

const page = new URL("../docs/ramps.md", import.meta.url);
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1000" },
    "effect-runs": { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
  },
});
const seed = numberOf("seed", 0);
const startedAt = performance.now();
const table = (scenarios: readonly Scenario[], runs: number) =>
  scenarios.map((scenario) => {
    const tally = tallyOf(scenario, runs, seed);
    process.stderr.write(
      `${minutesSince(startedAt)} min: ${tally.name}: ${tally.rolledBack} of ${runs} rolled back\n`,
    );
    return tally;
  });
const runs = { harmless: numberOf("runs", 1), others: numberOf("effect-runs", 1) };
const tables = {
  harmless: harmlessTable(table(harmless, runs.harmless)),
  harmful: harmfulTable(table(harmful, runs.others)),
  finishing: finishingTable(table(finishing, runs.others)),
};
const day = new Date().toISOString().slice(0, 10);
const how = `Figures made by \`npm run ramps -- --runs ${runs.harmless} --effect-runs ${runs.others} --seed ${seed}\` on ${day}, in ${minutesSince(startedAt)} minutes on one core that was shared with other work.`;
const sections = { how, ...tables };
writeFileSync(
  page,
  Object.entries(sections).reduce(
    (text, [name, section]) => withSection(text, name, section),
    readFileSync(page, "utf8"),
  ),
);

function numberOf(name: keyof typeof values, least: number): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`--${name} ${values[name]} is not a whole number from ${least} up`);
}

function minutesSince(from: number): string {
  return ((performance.now() - from) / 60_000).toFixed(1);
}
