import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { readArguments } from "../../src/cli/command.ts";
import { plan } from "../../src/cli/plan.ts";
import { type PlanFacts, type PlanSizes, planSizes } from "../../src/cli/plan-sizes.ts";
import type { ExperimentReport } from "../../src/domain/report.ts";
import { unusedPort } from "../support/hostile-upstream.ts";
import { createIo } from "./io-fixture.ts";
import { arm, comparison, estimate, metric, ship } from "./report-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-plan-"));
const configPath = join(folder, "assay.yaml");
writeFileSync(
  configPath,
  `upstreams:
  main: { base_url: http://127.0.0.1:9/v1 }
metrics:
  resolved: { kind: boolean, window: 24h }
experiments:
  tone:
    variants:
      control: { model: small }
      candidate: { model: large }
    analysis:
      alpha: 0.1
      planned_units: 8000
      goals:
        - { metric: resolved, smallest_effect: 0.03 }
        - { metric: latency, smallest_effect: 5% }
  bare:
    variants: { control: { model: small } }
`,
);
after(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]) {
  const io = createIo();
  const code = await plan.run(readArguments(plan, argv), io.io);
  assert.equal(code, 0);
  return { out: io.out(), err: io.err() };
}

describe("assay plan", () => {
  test("tells units a variant with and without peeking, in a short table", async () => {
    const { out } = await run("--baseline", "0.1", "--effect", "0.02");
    assert.equal(
      out,
      `control 10.0 %, effect 2 points (20.0 %), alpha 0.05, power 0.8, 2 variants of equal size

                            units a variant   all units
one look at the end                   3,841       7,682
looks at any time (x1.91)             7,355      14,710
`,
    );
  });

  test("counts what clusters and more variants cost, and the days at today's traffic", async () => {
    const { out } = await run(
      ...["--baseline", "0.1", "--effect", "20%", "--requests-per-unit", "3", "--icc", "0.05"],
      ...["--arms", "3", "--units-per-day", "850"],
    );
    assert.equal(
      out,
      `control 10.0 %, effect 2 points (20.0 %), alpha 0.05, power 0.8, 3 variants of equal size

                            units a variant   all units   days at 850 a day
one look at the end                   1,706       5,118                 6.0
looks at any time (x1.79)             3,048       9,144                  11

3 requests a unit at an intraclass correlation of 0.05: design effect 1.1.
alpha is shared by 2 comparisons (Holm): 0.025 for the first.
`,
    );
  });

  test("agrees with R's power.t.test, for a mean and for the smallest effect", async () => {
    const needed = await run("--sd", "1", "--effect", "0.5", "--json");
    assert.equal(JSON.parse(needed.out).needed.fixed.unitsPerArm, 64);
    const visible = await run("--sd", "1", "--units", "60");
    assert.match(
      visible.out,
      /that 60 units show:\none look at the end {3}0\.736\nlooks at any time {6}1\.04\n/,
    );
  });

  test("says which option is missing or wrong", async () => {
    const cases: [string[], RegExp][] = [
      [[], /--effect 0\.02 or 5%, or how many units/],
      [["--effect", "0.02"], /the control's share, --baseline/],
      [["--effect", "1", "--metric-kind", "mean"], /the standard deviation, --sd/],
      [["--effect", "5%", "--sd", "2"], /share of the control's value: tell it, --baseline/],
      [["--effect", "0", "--baseline", "0.1"], /--effect must be a number other than 0.*it was "0"/],
      [["--effect", "much", "--baseline", "0.1"], /it was "much"/],
      [
        ["--baseline", "10", "--effect", "1"],
        /--baseline must be a number from 0 to 1; it was "10"\..*add --metric-kind mean/,
      ],
      [["--baseline", "0.9", "--effect", "0.2"], /No plan can be made: give shares of 0 to 1/],
      [["--baseline", "0.1", "--effect", "0.1", "--requests-per-unit", "3"], /needs --icc/],
      [["--sd", "", "--effect", "1"], /--sd must be a number of at least/],
      [["--metric-kind", "shares", "--effect", "1"], /one of share, mean.*Did you mean "share"/],
      [["--metric", "resolved", "--effect", "1"], /name that too, by --experiment/],
      [["--config", configPath, "--experiment", "tonne", "--effect", "1"], /Did you mean "tone"/],
    ];
    for (const [argv, message] of cases) {
      await assert.rejects(run(...argv), { name: "Failure", message }, argv.join(" "));
    }
  });
});

describe("assay plan of an experiment", () => {
  let server: Server;
  let base = "";
  let report: ExperimentReport;

  before(async () => {
    server = createServer((_, response) => response.end(JSON.stringify(report)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    base = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
  });
  after(() => server.close());

  test("takes alpha, variants, units and effect from the configuration where no server answers", async () => {
    const nobody = `http://127.0.0.1:${await unusedPort()}`;
    const asked = ["--config", configPath, "--experiment", "tone", "--admin", nobody];
    const { out, err } = await run(...asked, "--baseline", "0.7", "--json");
    const found = JSON.parse(out);
    assert.deepEqual(
      [found.metric, found.familyAlpha, found.alpha, found.arms, found.units, found.effect],
      ["resolved", 0.1, 0.05, 2, 8000, 0.03],
    );
    assert.match(err, /^Without a server's data: No admin API answers/);
    await assert.rejects(run(...asked), { message: /--baseline 0\.1; or name an experiment/ });
  });

  test("takes spread, traffic and what is there already from a server's data", async () => {
    report = {
      ...ship,
      metrics: [
        metric({
          metric: "resolved",
          arms: [arm("control", 0.7, 0.0196, 4000)],
          comparisons: [comparison(estimate(0.01, 0.03, 0.5), { intraclassCorrelation: 0.2 })],
        }),
      ],
      progress: { ...ship.progress, units: 8000, unitsPerDay: 1000 },
    };
    const { out, err } = await run("--config", configPath, "--experiment", "tone", "--admin", base);
    assert.equal(err, "");
    // A unit's standard deviation is 0.01 · √4000 = 0.632: 2·((1.96 + 0.842)·0.632/0.03)² = 6,977, and one more for t.
    assert.equal(
      out,
      `resolved, control 70.0 %, effect 3 points (4.3 %), alpha 0.1, power 0.8, 2 variants of equal size

                            users a variant   all users   days at 1,000 a day
one look at the end                   6,978      13,956              6.0 more
looks at any time (x1.91)            13,363      26,726               19 more

The smallest effect that 8,000 users show:
one look at the end   3.96 points (5.7 %)
looks at any time     5.48 points (7.8 %)

Spread, clusters and traffic are those of 8,000 users so far (intraclass correlation 0.2).
alpha is shared by 2 comparisons (Holm): 0.05 for the first.
`,
    );
  });

  test("takes a gain for a fall where less is better", async () => {
    report = {
      ...ship,
      metrics: [metric({ metric: "latency", unit: "ms", better: "lower", arms: [arm("control", 2000, 50)] })],
    };
    const asked = [
      "--config",
      configPath,
      "--experiment",
      "tone",
      "--admin",
      base,
      "--metric",
      "latency",
      "--json",
    ];
    assert.equal(JSON.parse((await run(...asked)).out).effect, -100);
    assert.equal(JSON.parse((await run(...asked, "--effect=-7")).out).effect, -7);
  });

  test("wants a metric where the experiment has no goal", async () => {
    const asked = ["--config", configPath, "--experiment", "bare", "--admin", base];
    await assert.rejects(run(...asked), { message: /no goal; name a metric by --metric/ });
    await assert.rejects(run(...asked, "--metric", "latncy"), {
      message: /no metric "latncy"\. Did you mean "latency"/,
    });
  });
});

describe("sizes", () => {
  const share = { kind: "share", baseline: 0.1 } as const;
  const facts: PlanFacts = {
    spread: share,
    effect: 0.02,
    alpha: 0.05,
    power: 0.8,
    arms: 2,
    requestsPerUnit: 1,
    intraclassCorrelation: 0,
    units: undefined,
    unitsSoFar: 0,
    unitsPerDay: undefined,
  };
  const sizes = (change: Partial<PlanFacts>): PlanSizes => {
    const found = planSizes({ ...facts, ...change });
    if ("kind" in found) throw new Error(found.message);
    return found;
  };
  const perArm = (change: Partial<PlanFacts>) => sizes(change).needed?.fixed.unitsPerArm ?? Number.NaN;

  test("need as many units as before when all requests of a unit are the same", () => {
    assert.equal(perArm({ requestsPerUnit: 7, intraclassCorrelation: 1 }), perArm({}));
  });

  test("need a unit's share of them when its requests have nothing in common", () => {
    assert.equal(perArm({ requestsPerUnit: 7 }), Math.ceil(3840.847482 / 7));
  });

  test("show, at the units that an effect needs, that very effect", () => {
    const effects = fc.double({ min: 0.01, max: 0.5, noNaN: true });
    const icc = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        effects,
        icc,
        fc.integer({ min: 1, max: 20 }),
        (effect, intraclassCorrelation, requestsPerUnit) => {
          const asked = { effect, intraclassCorrelation, requestsPerUnit };
          const needed = sizes(asked).needed;
          const visible = sizes({ ...asked, units: needed?.alwaysValid.units }).visible;
          // At most one unit too many was asked for, so that the visible effect is a little smaller.
          assert.ok(typeof visible?.alwaysValid === "number" && visible.alwaysValid <= effect * (1 + 1e-9));
          assert.ok(typeof visible.fixed === "number" && visible.fixed <= visible.alwaysValid);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("give the reason where there is no answer", () => {
    const found = planSizes({ ...facts, spread: { kind: "mean", sd: 0 } });
    assert.equal("kind" in found && found.reason, "no_variance");
    assert.equal(sizes({ unitsPerDay: 0 }).needed?.fixed.days, undefined);
  });
});
