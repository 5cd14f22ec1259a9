/** How outcomes meet requests, sessions and units, and what becomes of several. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../src/analysis/random.ts";
import type { OutcomeMetric } from "../../src/domain/metric.ts";
import type { ArmValue } from "../../src/domain/report.ts";
import type { OutcomeFact, RequestFact } from "../../src/domain/store.ts";
import { near } from "./near.ts";
import {
  comparisonOf,
  dayMs,
  flagsWith,
  metricOf,
  outcomeFact,
  outcomeMetric,
  planWith,
  reportOn,
  requestFact,
  unitsOf,
} from "./report-fixture.ts";

const hour = 3_600_000;
/** Two units of the control: 1 with three requests in session 11, 2 with one in none. All come on day 1. */
const facts: readonly RequestFact[] = [
  requestFact({ row: 1, unit: 1, session: 11, receivedAt: dayMs }),
  requestFact({ row: 2, unit: 1, session: 11, receivedAt: dayMs + hour }),
  requestFact({ row: 3, unit: 1, session: 11, receivedAt: dayMs + 2 * hour }),
  requestFact({ row: 4, unit: 2, receivedAt: dayMs }),
];

type Told = Partial<OutcomeFact>;

function control(change: Partial<OutcomeMetric>, told: readonly Told[], now = 50 * dayMs): ArmValue {
  const metric = outcomeMetric({ name: "score", kind: "number", ...change });
  const outcomes = told.map((one, index) => outcomeFact({ row: 100 + index, metric: "score", ...one }));
  const arm = metricOf(reportOn({ facts, outcomes, now }, planWith({ outcomes: [metric] })), "score").arms[0];
  assert.ok(arm);
  return arm;
}

describe("several outcomes of one request", () => {
  const at = (minutes: number) => dayMs + minutes * 60_000;
  const three = [
    { requestRow: 1, value: 5, at: at(30) },
    { requestRow: 1, value: 1, at: at(10) },
    { requestRow: 1, value: 3, at: at(20) },
  ];

  for (const [combine, expected] of [
    ["last", 5],
    ["first", 1],
    ["sum", 9],
    ["mean", 3],
    ["max", 5],
  ] as const) {
    test(`become their ${combine} by the time they came to pass, in whatever order they are told`, () => {
      for (const order of [three, three.toReversed()]) {
        const arm = control({ combine }, order);
        assert.deepEqual([arm.n, arm.value], [1, expected]);
      }
    });
  }
});

describe("what the sum is divided by", () => {
  const told = [
    { requestRow: 2, value: 4 },
    { requestRow: 4, value: 2 },
  ];

  test("are the outcomes that came, all requests, or all units", () => {
    assert.deepEqual([control({}, told).n, control({}, told).value], [2, 3]);
    assert.deepEqual(
      [control({ per: "request" }, told).n, control({ per: "request" }, told).value],
      [4, 1.5],
    );
    assert.deepEqual([control({ per: "unit" }, told).n, control({ per: "unit" }, told).value], [2, 3]);
  });

  test("several yeses of one unit, per unit, have an effect and no error that is no number", () => {
    const random = createRandom(1);
    const many = unitsOf(random, { control: 60, warm: 60 }, () => ({}));
    const outcomes = many.map(({ row }) =>
      outcomeFact({ row: 1000 + row, metric: "thumbs", requestRow: row, value: 1 }),
    );
    const plan = planWith({ outcomes: [outcomeMetric({ name: "thumbs", per: "unit" })] });
    const { sequence } = comparisonOf(reportOn({ facts: many, outcomes }, plan), "thumbs");
    assert.equal(sequence.kind, "estimate", JSON.stringify(sequence));
  });
});

describe("a window", () => {
  const windowMs = 24 * hour;
  const inTime = { requestRow: 1, value: 1, at: dayMs + 23 * hour };
  const late = { requestRow: 4, value: 1, at: dayMs + 25 * hour };

  test("lets in what came within it", () => {
    assert.equal(control({ windowMs }, [inTime, late]).n, 1);
    assert.equal(control({}, [inTime, late]).n, 2);
  });

  test("counts no request before it has closed", () => {
    const open = dayMs + windowMs - 1;
    assert.equal(control({ windowMs }, [inTime], open).n, 0);
    assert.equal(control({ windowMs, per: "request" }, [inTime], open).n, 0);
    // Requests 1 and 4 are that old by now, 2 and 3 are not.
    assert.equal(control({ windowMs, per: "request" }, [inTime], open + 1).n, 2);
    assert.equal(control({ windowMs, per: "request" }, [inTime], open + 1).value, 0.5);
  });

  test("of a unit is counted from its first request", () => {
    const ofUnit = [
      { unit: 1, value: 7, at: dayMs + 24 * hour },
      { unit: 1, value: 9, at: dayMs + 24 * hour + 1 },
    ];
    const arm = control({ windowMs, per: "unit", combine: "sum" }, ofUnit);
    assert.deepEqual([arm.n, arm.value], [2, 3.5]);
  });
});

describe("an outcome of a session or a unit", () => {
  test("counts for the variant that the unit had met by then, and not before its first exposure", () => {
    const before = { unit: 1, value: 1, at: dayMs - 1 };
    const after = { unit: 1, value: 1, at: dayMs };
    assert.equal(control({}, [before]).n, 0);
    assert.equal(control({}, [after]).n, 1);
    assert.equal(control({}, [{ session: 11, value: 1, at: dayMs }]).n, 1);
  });

  test("is nobody's where unit or session is not known", () => {
    assert.equal(
      control({}, [
        { unit: 99, value: 1 },
        { session: 99, value: 1 },
      ]).n,
      0,
    );
  });
});

describe("what says nothing", () => {
  test("an outcome of a request that is not here, or exposed nobody", () => {
    assert.equal(control({}, [{ requestRow: 77, value: 1 }]).n, 0);
    const unexposed = requestFact({ row: 5, unit: 3, flags: flagsWith("success") - 1 });
    const metric = outcomeMetric({ name: "score" });
    const outcomes = [outcomeFact({ row: 9, metric: "score", requestRow: 5, value: 1 })];
    const found = reportOn({ facts: [...facts, unexposed], outcomes }, planWith({ outcomes: [metric] }));
    assert.equal(metricOf(found, "score").arms[0]?.n, 0);
  });

  test("a category that the metric does not know", () => {
    const kind = { kind: "category" as const, categories: { good: 1, bad: 0 } };
    const arm = control(kind, [
      { requestRow: 1, category: "good" },
      { requestRow: 2, category: "bad" },
      { requestRow: 3, category: "ugly" },
      { requestRow: 4, category: "toString" },
    ]);
    assert.deepEqual([arm.n, arm.value], [2, 0.5]);
  });

  test("a label without a prediction, and a prediction without a label", () => {
    const arm = control({ kind: "correctness" }, [
      { requestRow: 1, label: "cat", prediction: "cat" },
      { requestRow: 2, label: "cat", prediction: "dog" },
      { requestRow: 3, label: "cat" },
      { requestRow: 4, prediction: "cat" },
    ]);
    assert.deepEqual([arm.n, arm.value], [2, 0.5]);
  });
});

describe("a cap", () => {
  test("is what a unit counts at most, and the plain mean is shown beside it", () => {
    const told = [
      { unit: 1, value: 100 },
      { unit: 2, value: 4 },
    ];
    const arm = control({ per: "unit", combine: "sum", cap: 10 }, told);
    assert.deepEqual([arm.value, arm.uncapped], [7, 52]);
    const each = control({ combine: "sum", cap: 10 }, told);
    assert.deepEqual([each.value, each.uncapped], [7, 52]);
  });

  test("is the 99.9th percentile where none is told, of what has no end of its own", () => {
    const random = createRandom(2);
    const many = unitsOf(
      random,
      { control: 2_000, warm: 2_000 },
      () => ({}),
      () => 1,
    );
    const outcomes = many.map(({ row }) =>
      outcomeFact({
        row: 1e6 + row,
        metric: "spend",
        requestRow: row,
        value: row === 17 ? 1e6 : random.uniform(),
      }),
    );
    const armOf = (change: Partial<OutcomeMetric>) => {
      const metric = outcomeMetric({ name: "spend", kind: "number", ...change });
      return metricOf(reportOn({ facts: many, outcomes }, planWith({ outcomes: [metric] })), "spend").arms[0];
    };
    for (const change of [{}, { per: "unit", combine: "sum" }] as const) {
      near(armOf(change)?.value ?? 0, 0.5, 0.05);
      near(armOf(change)?.uncapped ?? 0, 500.5, 0.1);
    }
    assert.ok((armOf({ maximum: 1e6 })?.value ?? 0) > 400);
  });
});

describe("one value for each unit, as the plain tests want it", () => {
  test("is per unit its sum, and per request that of its first request", () => {
    const random = createRandom(3);
    const many = unitsOf(
      random,
      { control: 50, warm: 50 },
      () => ({}),
      () => 2,
    );
    // Only second requests are rated in one variant, and only first ones in the other.
    const outcomes = many
      .filter(({ row, assigned }) => (row % 2 === 1) === (assigned === "warm"))
      .map(({ row }) => outcomeFact({ row: 1e6 + row, metric: "rated", requestRow: row, value: 1 }));
    const methodOf = (change: Partial<OutcomeMetric>) => {
      const plan = planWith({ outcomes: [outcomeMetric({ name: "rated", ...change })] });
      return comparisonOf(reportOn({ facts: many, outcomes }, plan), "rated").plain;
    };
    const perRequest = methodOf({ per: "request" });
    assert.ok(perRequest.kind === "plain" && perRequest.pValue < 1e-10, JSON.stringify(perRequest));
    const perUnit = methodOf({ per: "unit", kind: "number", combine: "sum" });
    assert.equal(perUnit.kind, "inconclusive");
  });
});
