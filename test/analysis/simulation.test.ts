import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { tableOf, withSection } from "../../scripts/statistics/page.ts";
import type { Rate, Row } from "../../scripts/statistics/score.ts";
import { studies } from "../../scripts/statistics/studies.ts";
import { drawsOf } from "../../scripts/statistics/study.ts";
import { binomialSf } from "../../src/analysis/distributions.ts";

// The short version of `npm run statistics`; docs/statistics.md has the long one.
describe("the statistics of simulated experiments without an effect, and with one", () => {
  test("by unit, one look errs as often as it says; by request it errs far more", () => {
    const rows = rowsOf("one look 300 0.3", 80);
    holdsItsPromise(rows, 6);
    for (const row of naive(rows)) isBeyond(row.falsePositives, 0.05, row);
  });

  test("looking 14 or 60 times, the sequence errs less often than it says; z beyond ±1.96 and chi-squared do not", () => {
    for (const id of [
      "peeking 300 0.3 returning",
      "peeking 300 0.5 one_by_one",
      "peeking 300 0 one_by_one",
    ]) {
      const rows = rowsOf(id, 50);
      holdsItsPromise(rows, 4);
      const often = naive(rows).filter(({ method }) => method.endsWith("60 looks"));
      assert.equal(often.length, 2);
      for (const row of often) isBeyond(row.falsePositives, 0.05, row);
    }
  });

  test("looking again and again at latencies, the sequences of means and of p95 hold", () => {
    holdsItsPromise(rowsOf("peeking latency 0.3 one_by_one", 8), 8);
  });

  test("an effect is found before the planned size in most runs, though it is looked for at any time", () => {
    const rows = rowsOf("peeking 300 0.05 one_by_one", 40);
    for (const { power, medianUnits = Number.POSITIVE_INFINITY } of ours(rows)) {
      assert.ok(power !== undefined && power.hits / power.n > 0.9);
      assert.ok(medianUnits < 300, `${medianUnits} units`);
    }
  });

  test("a ramp under a changing world misleads whoever throws its phases together, and nobody else", () => {
    const rows = rowsOf("ramps 0.3", 25);
    holdsItsPromise(rows, 3);
    const [simpson] = naive(rows).filter(
      ({ method }) => method === "control is the rest, phases thrown together, one look",
    );
    assert.equal(simpson?.falsePositives?.hits, 25);
  });

  test("an outage of both arms is blamed on neither", () => {
    const rows = rowsOf("outages 0.3 one_by_one", 30);
    holdsItsPromise(rows, 1);
    for (const row of naive(rows)) isBeyond(row.falsePositives, 0.05, row);
  });

  test("failing units accuse a bad variant within some hundreds, and an innocent one rarely, outage or not", () => {
    const rows = rowsOf("failures", 120);
    holdsItsPromise(rows, 2);
    const [half] = ours(rows).filter(({ scenario }) => scenario.startsWith("50 %"));
    assert.ok(half?.power?.hits === 120 && (half.medianUnits ?? Number.POSITIVE_INFINITY) < 60);
    const [plain, outage] = naive(rows).filter(({ method }) => method.startsWith("chi-squared"));
    for (const row of [plain, outage]) isBeyond(row?.falsePositives, 0.05, row);
  });

  test("leaving out what fell back makes a treatment look better than it is; keeping it does not", () => {
    const rows = rowsOf("fallbacks 0.3", 100);
    holdsItsPromise(rows, 1);
    for (const row of naive(rows)) isBeyond(row.falsePositives, 0.05, row);
  });

  test("a long tail is judged rightly with equal arms, and with any by its logarithms", () => {
    holdsItsPromise(rowsOf("small arm log-normal, σ = 1.5 (skewness 33) 0.5", 30), 4);
    const rows = rowsOf("small arm log-normal, σ = 1.5, logarithms 0.1", 25);
    holdsItsPromise(rows, 4);
    for (const row of naive(rows).filter(({ method }) => method.startsWith("Welch"))) {
      isBeyond(row.falsePositives, 0.05, row);
    }
  });
});

describe("what is lost in simulated experiments", () => {
  test("a tenth of one arm's units is missed within 20,000, and nothing is missed that is there", () => {
    const rows = rowsOf("sample ratio 20000", 150);
    holdsItsPromise(rows, 2);
    const tenth = ours(rows).filter(({ scenario }) => scenario.endsWith("loses 10 %"));
    assert.equal(tenth.length, 3);
    for (const { power } of tenth) assert.ok((power?.hits ?? 0) >= 145, `${power?.hits}`);
    const [peeked] = naive(rows);
    isBeyond(peeked?.falsePositives, 0.05, peeked);
  });

  test("records, users and answers that one arm loses are found, and sound data are called so", () => {
    const alarms = (name: string, perArm: number) => {
      const [row] = ours(rowsOf(`loss ${perArm} ${name}`, 8));
      return row?.power?.hits ?? row?.falsePositives?.hits;
    };
    assert.equal(alarms("nothing lost", 300), 0);
    assert.equal(alarms("5 % of all records, at random", 300), 8);
    assert.equal(alarms("10 % of the records of the treatment's failures", 300), 8);
    assert.equal(alarms("all outcomes of 20 % of the treatment's users", 300), 8);
    assert.ok((alarms("30 % of the treatment's users", 1_000) ?? 0) >= 7);
  });
});

describe("the report of simulated experiments, read at 14 looks", () => {
  test("ships what is better and rolls back what is worse, and neither where there is no difference", () => {
    const rows = rowsOf("decision 300 users an arm, ICC 0.05", 10);
    holdsItsPromise(rows, 2);
    for (const { power } of ours(rows)) if (power !== undefined) assert.ok(power.hits >= 5, `${power.hits}`);
  });

  test("blames nobody for an outage of both arms", () => {
    const name = "decision 300 users an arm, ICC 0.3, both arms down for a tenth of the time";
    holdsItsPromise(rowsOf(name, 4), 2);
  });
});

describe("the page of the simulations", () => {
  test("has a place for each of their tables", () => {
    const page = readFileSync(new URL("../../docs/statistics.md", import.meta.url), "utf8");
    for (const name of ["how", ...new Set(studies.map(({ table }) => table))]) {
      assert.notEqual(withSection(page, name, "here"), page);
    }
    assert.throws(() => withSection(page, "elsewhere", "here"), RangeError);
  });

  test("marks what its bounds show to be beyond the promise, and only that", () => {
    const row = {
      scenario: "s",
      method: "m",
      isOurs: true,
      nominal: 0.05,
      coverage: undefined,
      power: undefined,
    };
    const table = (hits: number) =>
      tableOf([{ ...row, falsePositives: { hits, n: 100 }, medianUnits: undefined }]);
    assert.match(table(20), /\| m \| ▲ 20\.0 \(13\.3–28\.9\) \|$/);
    assert.match(table(8), /\| m \| 8\.0 \(4\.1–15\.0\) \|$/);
  });

  test("is made of studies whose draws are their own and the seed's", () => {
    assert.equal(new Set(studies.map(({ id }) => id)).size, studies.length);
    assert.deepEqual(rowsOf("fallbacks 0.3", 5), rowsOf("fallbacks 0.3", 5));
    assert.notDeepEqual(rowsOf("fallbacks 0.3", 20, 2), rowsOf("fallbacks 0.3", 20));
  });
});

function rowsOf(id: string, runs: number, seed = 20_261_122): readonly Row[] {
  const study = studies.find((one) => one.id === id);
  assert.ok(study !== undefined, `no study "${id}"`);
  return study.run(drawsOf({ ...study, part: 1 }, { runs, seed }));
}

function ours(rows: readonly Row[]): readonly Row[] {
  return rows.filter(({ isOurs }) => isOurs);
}

function naive(rows: readonly Row[]): readonly Row[] {
  return rows.filter(({ isOurs, nominal }) => !isOurs && nominal !== undefined);
}

/** As many promises as are said, and none broken by more than chance explains once in two thousand. */
function holdsItsPromise(rows: readonly Row[], promises: number): void {
  let asked = 0;
  for (const { scenario, method, falsePositives, coverage, nominal } of ours(rows)) {
    if (nominal === undefined) continue;
    const misses = coverage && { hits: coverage.n - coverage.hits, n: coverage.n };
    for (const rate of [falsePositives, misses]) {
      if (rate === undefined) continue;
      asked += 1;
      const message = `${scenario}, ${method}: ${rate.hits} of ${rate.n} at a nominal ${nominal}`;
      assert.ok(excess(rate, nominal) > 0.0005, message);
    }
  }
  assert.ok(asked >= promises, `${asked} promises of ${promises}`);
}

function isBeyond(rate: Rate | undefined, nominal: number, row: Row | undefined): void {
  const message = `${row?.method}: ${rate?.hits} of ${rate?.n} is not beyond ${nominal}`;
  assert.ok(excess(rate, nominal) < 0.001, message);
}

/** The chance of as many or more at the nominal rate. */
function excess(rate: Rate | undefined, nominal: number): number {
  assert.ok(rate !== undefined);
  return rate.hits === 0 ? 1 : binomialSf(rate.hits - 1, rate.n, nominal);
}
