/** Phases, kills, and what forbids a winner. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom, type Random } from "../../src/analysis/random.ts";
import type { BootCount, OutcomeFact, RequestFact } from "../../src/domain/store.ts";
import {
  comparisonOf,
  dayMs,
  flagsWith,
  goal,
  guardrail,
  metricOf,
  outcomeFact,
  outcomeMetric,
  phase,
  planWith,
  reportOn,
  requestFact,
  traffic,
  unitsOf,
} from "./report-fixture.ts";

const plan = planWith({ metrics: [goal("success_rate"), guardrail("error_rate", 0.05)] });

interface Stretch {
  readonly phase: string;
  readonly day: number;
  readonly arms: Readonly<Record<string, number>>;
  readonly successOf: (variant: string) => number;
  /** Numbers of the units; those of other stretches unless told. */
  readonly firstUnit?: number;
}

function stretches(random: Random, ...parts: readonly Stretch[]): RequestFact[] {
  const facts: RequestFact[] = [];
  for (const { phase: id, day, arms, successOf, firstUnit = facts.length } of parts) {
    const own = unitsOf(random, arms, ({ variant }) => ({
      phase: id,
      flags: random.bernoulli(successOf(variant)) ? flagsWith("success") : flagsWith("error"),
    }));
    for (const fact of own) {
      const row = facts.length + 1;
      facts.push({ ...fact, row, unit: firstUnit + fact.unit, receivedAt: day * dayMs + row });
    }
  }
  return facts;
}

const always = (share: number) => () => share;

describe("phases of different ratios", () => {
  test("do not pass for an effect (Simpson's paradox)", () => {
    // The second day is a bad one for everybody, and has nearly all of the treatment.
    const facts = stretches(
      createRandom(1),
      { phase: "p1", day: 1, arms: { control: 900, warm: 100 }, successOf: always(0.9) },
      { phase: "p2", day: 2, arms: { control: 100, warm: 900 }, successOf: always(0.5) },
    );
    const phases = [
      phase("p1", { shares: { control: 0.9, warm: 0.1 } }),
      phase("p2", { shares: { control: 0.1, warm: 0.9 } }),
    ];
    const found = reportOn({ facts, phases }, plan);
    const [control, warm] = metricOf(found, "success_rate").arms;
    assert.ok((control?.value ?? 0) - (warm?.value ?? 1) > 0.25);
    const { sequence, perPhase } = comparisonOf(found, "success_rate");
    assert.ok(sequence.kind === "estimate" && Math.abs(sequence.value) < 0.05, JSON.stringify(sequence));
    assert.ok(sequence.interval.low < 0 && sequence.interval.high > 0);
    assert.deepEqual(
      perPhase.map(({ phaseId }) => phaseId),
      ["p1", "p2"],
    );
    assert.equal(found.soundness.isSound, true);
  });

  test("have no expected share of them all, and phases of one ratio have theirs", () => {
    const facts = stretches(
      createRandom(3),
      { phase: "p1", day: 1, arms: { control: 75, warm: 25 }, successOf: always(0.8) },
      { phase: "p2", day: 2, arms: { control: 75, warm: 25 }, successOf: always(0.8) },
    );
    const expected = (second: Readonly<Record<string, number>>) => {
      const first = { control: 0.3, warm: 0.1 };
      const phases = [phase("p1", { shares: first }), phase("p2", { shares: second })];
      return reportOn({ facts, phases }, plan).variants.map(({ expectedShare }) => expectedShare);
    };
    const [control = 0, warm = 0] = expected({ control: 0.6, warm: 0.2 });
    assert.ok(Math.abs(control - 0.75) < 1e-9 && Math.abs(warm - 0.25) < 1e-9);
    assert.deepEqual(expected({ control: 0.5, warm: 0.5 }), [undefined, undefined]);
  });

  test("a unit that stands in both, and in both variants, is one unit", () => {
    const facts = stretches(
      createRandom(2),
      { phase: "p1", day: 1, arms: { control: 100, warm: 100 }, successOf: always(0.8), firstUnit: 0 },
      { phase: "p2", day: 2, arms: { warm: 100, control: 100 }, successOf: always(0.8), firstUnit: 0 },
    );
    const found = reportOn({ facts, phases: [phase("p1"), phase("p2")] }, plan);
    assert.equal(found.progress.units, 200);
    assert.deepEqual(
      found.variants.map(({ units }) => units),
      [200, 200],
    );
    assert.deepEqual(
      metricOf(found, "success_rate").arms.map(({ units }) => units),
      [200, 200],
    );
  });

  test("a variant's own interval does not take a unit's second phase for another unit", () => {
    const once: RequestFact[] = Array.from({ length: 120 }, (_, unit) =>
      requestFact({
        row: unit + 1,
        unit: unit + 1,
        assigned: unit % 2 === 0 ? "warm" : "control",
        flags: unit % 3 === 0 ? flagsWith("error") : flagsWith("success"),
      }),
    );
    const twice = [...once, ...once.map((fact) => ({ ...fact, row: fact.row + 200, phase: "p2" }))];
    const halfWidths = (facts: RequestFact[]) =>
      metricOf(reportOn({ facts, phases: [phase("p1"), phase("p2")] }, plan), "success_rate").arms.map(
        ({ halfWidth }) => halfWidth?.toFixed(12),
      );
    assert.deepEqual(halfWidths(twice), halfWidths(once));
  });

  test("one that is come back to is the newest again", () => {
    const arms = { control: 60, warm: 60 };
    const facts = stretches(
      createRandom(3),
      { phase: "file", day: 1, arms, successOf: always(0.8) },
      { phase: "tried", day: 2, arms, successOf: always(0.8) },
      { phase: "file", day: 3, arms, successOf: always(0.8) },
    );
    const { phases } = reportOn({ facts, phases: [phase("file"), phase("tried")] }, plan);
    assert.deepEqual(
      phases.map(({ phaseId }) => phaseId),
      ["tried", "file"],
    );
    assert.equal(phases[1]?.endedAt, undefined);
    const endedAt = phases[0]?.endedAt ?? 0;
    assert.ok(endedAt > 2 * dayMs && endedAt < 3 * dayMs);
  });

  test("a share's error is that within its phases", () => {
    // Nothing lies between 1 % and 99 % here but the change of phase.
    const arms = { control: 2_000, warm: 2_000 };
    const facts = stretches(
      createRandom(4),
      { phase: "p1", day: 1, arms, successOf: always(0.01) },
      { phase: "p2", day: 2, arms, successOf: always(0.99) },
    );
    const { sequence } = comparisonOf(
      reportOn({ facts, phases: [phase("p1"), phase("p2")] }, plan),
      "success_rate",
    );
    // √(2 · 0.0099 / 16,000) = 0.0011; of one heap of both phases it would be 0.0056.
    assert.ok(sequence.kind === "estimate" && sequence.standardError < 0.0015, JSON.stringify(sequence));
  });
});

describe("a kill switch", () => {
  const killed = phase("p1!warm", { killed: ["warm"] });
  const running = { phase: "p1", day: 1, arms: { control: 200, warm: 200 }, successOf: always(0.8) };
  // Those of the killed variant are still its own, and served by the control.
  const arms = { control: 200, warm: 200 };
  const under = { phase: "p1!warm", day: 2, arms, successOf: (id: string) => (id === "warm" ? 0.9 : 0.1) };

  test("leaves its phase out of the comparison, and the data sound", () => {
    const facts = stretches(createRandom(5), running, under);
    const found = reportOn({ facts, phases: [phase("p1"), killed] }, plan);
    const alone = reportOn({ facts: stretches(createRandom(5), running) }, plan);
    assert.deepEqual(comparisonOf(found, "success_rate"), comparisonOf(alone, "success_rate"));
    assert.deepEqual(comparisonOf(found, "latency_p50"), comparisonOf(alone, "latency_p50"));
    assert.deepEqual(found.soundness.problems, []);
    assert.match(found.notes.join("\n"), /kill switch was on/);
  });

  test("of one treatment leaves the others their comparison, and all of them their sample ratio", () => {
    const shares = { control: 0.4, warm: 0.3, terse: 0.3 };
    const facts = stretches(createRandom(6), {
      phase: "p1!warm",
      day: 1,
      arms: { control: 400, warm: 300, terse: 300 },
      successOf: always(0.8),
    });
    const three = { ...plan, variantIds: ["control", "warm", "terse"] };
    const found = reportOn({ facts, phases: [phase("p1!warm", { shares, killed: ["warm"] })] }, three);
    assert.equal(comparisonOf(found, "success_rate", "terse").sequence.kind, "estimate");
    assert.equal(comparisonOf(found, "success_rate", "warm").sequence.kind, "inconclusive");
    assert.deepEqual(found.soundness.problems, []);
    const ratio = found.phases[0]?.sampleRatio;
    assert.ok(ratio?.kind === "sample_ratio" && ratio.pValue > 0.99);
  });
});

describe("a sample ratio mismatch", () => {
  const arms = { control: 1_000, warm: 700 };

  test("forbids a winner", () => {
    const facts = stretches(createRandom(7), {
      phase: "p1",
      day: 1,
      arms,
      successOf: (variant) => (variant === "warm" ? 0.95 : 0.7),
    });
    const { decision, soundness } = reportOn({ facts }, plan);
    assert.deepEqual([decision.verdict, soundness.isSound], ["inconclusive", false]);
    assert.match(decision.sentence, /sample ratio mismatch in phase p1: control 1000 \(expected 850\)/);
  });

  test("does not keep harm from being rolled back", () => {
    const facts = stretches(createRandom(8), {
      phase: "p1",
      day: 1,
      arms,
      successOf: (variant) => (variant === "warm" ? 0.5 : 0.95),
    });
    const { decision, soundness } = reportOn({ facts }, plan);
    assert.deepEqual([decision.verdict, soundness.isSound], ["roll_back", false]);
    assert.match(decision.sentence, /success_rate is worse by .*error_rate is worse by/);
  });
});

describe("outcomes that are lost by variant", () => {
  const rated = { ...planWith({ metrics: [goal("rated")], outcomes: [outcomeMetric({ name: "rated" })] }) };
  const answers = (random: Random, facts: readonly RequestFact[], share: (fact: RequestFact) => number) =>
    facts.flatMap((fact): OutcomeFact[] =>
      random.bernoulli(share(fact))
        ? [
            outcomeFact({
              row: 1e6 + fact.row,
              metric: "rated",
              requestRow: fact.row,
              value: 1,
              at: fact.receivedAt,
            }),
          ]
        : [],
    );
  const once = () => 1;

  test("forbid a winner", () => {
    const random = createRandom(9);
    const facts = unitsOf(random, { control: 500, warm: 500 }, () => ({}), once);
    const outcomes = answers(random, facts, ({ assigned }) => (assigned === "warm" ? 0.2 : 0.4));
    const { soundness, decision } = reportOn({ facts, outcomes }, rated);
    assert.equal(soundness.isSound, false);
    assert.match(decision.sentence, /outcomes of "rated" come from control 4\d\.\d % and warm [12]\d\.\d %/);
  });

  test("are not seen in a newer phase that has had less time, be its ratio another one", () => {
    const random = createRandom(10);
    const facts = stretches(
      random,
      { phase: "p1", day: 1, arms: { control: 900, warm: 100 }, successOf: always(1) },
      { phase: "p2", day: 2, arms: { control: 500, warm: 500 }, successOf: always(1) },
    );
    const outcomes = answers(random, facts, (fact) => (fact.phase === "p1" ? 0.3 : 0.02));
    const phases = [phase("p1", { shares: { control: 0.9, warm: 0.1 } }), phase("p2")];
    const { soundness } = reportOn({ facts, outcomes, phases }, rated);
    assert.deepEqual(soundness.problems, []);
    assert.ok((soundness.outcomeLoss[0]?.pValue ?? 0) > 0.001);
  });
});

describe("records", () => {
  const boot = (change: Partial<BootCount>): BootCount => ({
    instance: "a",
    boot: "1",
    startedAt: 1,
    aliveAt: Number.MAX_SAFE_INTEGER,
    isClosed: true,
    lastSequence: 100,
    rows: 100,
    ...change,
  });

  test("that were numbered and are gone are told, and forbid a winner above one in a hundred", () => {
    const few = reportOn({ boots: [boot({ lastSequence: 101 })] });
    assert.deepEqual([few.soundness.lostRecords, few.soundness.isSound], [1, true]);
    const many = reportOn({ boots: [boot({ lastSequence: 110 })] });
    assert.match(many.soundness.problems.join(), /10 of 110 records were lost/);
  });

  test("lost at another time are none of the experiment's", () => {
    const before = boot({ lastSequence: 900, aliveAt: 2 });
    const after = boot({ lastSequence: 900, startedAt: Number.MAX_SAFE_INTEGER });
    const facts = traffic(15, { control: 40, warm: 40 });
    const { soundness } = reportOn({ facts, boots: [before, after, boot({ boot: "2" })] });
    assert.deepEqual([soundness.lostRecords, soundness.isSound], [0, true]);
  });

  test("a boot that another one of its instance followed without being closed has crashed", () => {
    const open = { isClosed: false };
    const crashed = (boots: BootCount[]) => reportOn({ boots }).soundness.crashedBoots;
    assert.equal(crashed([boot(open)]), 0);
    assert.equal(crashed([boot(open), boot({ boot: "2", startedAt: 2, ...open })]), 1);
    assert.equal(crashed([boot(open), boot({ instance: "b", startedAt: 2 })]), 0);
  });

  test("outcomes without a request are counted, of metrics that are known", () => {
    const found = reportOn(
      {
        orphans: new Map([
          ["rated", 3],
          ["of no metric", 4],
        ]),
      },
      planWith({ outcomes: [outcomeMetric({ name: "rated" })] }),
    );
    assert.equal(found.soundness.orphanedOutcomes, 3);
    assert.match(found.notes.join(), /3 outcomes are of requests that are not in the store/);
  });
});
