import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rampProblem } from "../../src/core/ramp/problem.ts";
import { configOf, problemsOf } from "./config-fixture.ts";

const withRamp = (ramp: string, rest = "") => `upstreams:
  main: { base_url: https://api.example/v1 }
experiments:
  tone:
    variants:
      control: { model: a }
      warm: { model: b }
${rest}    ramp: ${ramp}
`;
const planOf = (ramp: string) => {
  const { tone } = configOf(withRamp(ramp)).experiments;
  assert.ok(tone?.ramp);
  assert.equal(rampProblem(tone, tone.ramp), undefined);
  return tone.ramp;
};

describe("a ramp's plan", () => {
  test("has the default profile, SLOs and no schedule where nothing is said", () => {
    const plan = planOf("{}");
    assert.equal(plan.variantId, "warm");
    assert.deepEqual(
      plan.steps.map(({ share }) => share),
      [0.01, 0.05, 0.1, 0.25, 0.5],
    );
    assert.deepEqual(
      plan.slos.map(({ metric, better }) => [metric, better]),
      [
        ["error_rate", "lower"],
        ["success_rate", "higher"],
      ],
    );
    assert.deepEqual(plan.schedule, { startAt: undefined, hours: undefined, freezes: [] });
    assert.equal(plan.holdback, 0.05);
  });

  test("reads steps, margins, calendar and gate", () => {
    const plan = planOf(`
      steps: [{ share: 0.2, least: 90s, most: 2h, units: 7, requests: 9, approval: true }]
      slos: [latency_p95, { metric: cost, margin: 5%, ceiling: 0.5 }]
      schedule:
        start_at: 2026-11-22T10:00:00Z
        hours: "22:00-06:00"
        days: [mon, sun]
        time_zone: Europe/Berlin
        freezes: [{ from: 2026-12-24T00:00:00Z, to: 2026-12-27T00:00:00+01:00 }]
      gate: { url: "http://127.0.0.1:9090", query: "up", above: 0.5 }`);
    assert.deepEqual(plan.steps, [
      { share: 0.2, leastMs: 90_000, mostMs: 7_200_000, leastUnits: 7, leastRequests: 9, asksApproval: true },
    ]);
    assert.deepEqual(plan.slos, [
      {
        metric: "latency_p95",
        better: "lower",
        margin: { kind: "relative", value: 0.1 },
        ceiling: undefined,
      },
      { metric: "cost", better: "lower", margin: { kind: "relative", value: 0.05 }, ceiling: 0.5 },
    ]);
    assert.deepEqual(plan.schedule, {
      startAt: Date.UTC(2026, 10, 22, 10),
      hours: { from: "22:00", to: "06:00", days: [1, 7], timeZone: "Europe/Berlin" },
      freezes: [{ from: Date.UTC(2026, 11, 24), to: Date.UTC(2026, 11, 26, 23), reason: "freeze" }],
    });
    assert.deepEqual(plan.gate, {
      url: "http://127.0.0.1:9090",
      query: "up",
      compare: "above",
      threshold: 0.5,
      timeoutMs: 5000,
    });
  });

  test("is refused with line and column", () => {
    const cases: readonly (readonly [ramp: string, problem: RegExp, rest?: string])[] = [
      ["{ variant: wram }", /^assay\.yaml:8:\d+ there is no variant "wram"; ramp "warm"/],
      [
        "{ slos: [{ metric: success_rate, margin: 10 }] }",
        /^assay\.yaml:8:\d+ .*`margin` is 10, and two shares never/,
      ],
      ["{ schedule: { time_zone: Europe/Berln } }", /^assay\.yaml:8:\d+ "Europe\/Berln" is no time zone/],
      ["{ steps: [{ share: 0.5 }, { share: 0.1 }] }", /^assay\.yaml:8:\d+ step 2 has 10 % after 50 %/],
      [
        "{ steps: [{ share: 0.5, least: 2h, most: 1h }] }",
        /^assay\.yaml:8:\d+ step 1 lasts 2h at least and 1h at most; .*`most`/,
      ],
      ["{ slos: [eror_rate] }", /^assay\.yaml:8:\d+ .*error_rate/],
      ["{ slos: [cost, cost] }", /listed twice/],
      ["{ slos: [{ metric: cost, margin: 0 }] }", /must be more than 0/],
      ["{ schedule: { start_at: 2026-13-22T10:00:00Z } }", /is no time/],
      ["{ schedule: { hours: 09:00-17:00, time_zone: Mars } }", /"Mars" is no time zone/],
      ["{ gate: { url: http://127.0.0.1:9090, query: up } }", /neither of `below` and `above`/],
      ["{ gate: { url: http://169.254.169.254, query: up, below: 1 } }", /metadata address/],
      ["{ holdback: 0.6 }", /holdback/],
      ["{}", /use assay_v1/, "    hash: growthbook_v2\n"],
      ["{}", /set it to 0 and use the ramp's holdback/, "    holdout: 0.1\n"],
    ];
    for (const [ramp, problem, rest] of cases) {
      const [first = ""] = problemsOf(withRamp(ramp, rest));
      assert.match(first, problem, ramp);
    }
  });

  test("refuses a hook's secret that signs nothing, or that anybody has, and does not tell it", () => {
    const text = withRamp(`{ notify: [{ url: "\${HOOK}", secret: "\${SIGN}" }] }`);
    const problemOf = (SIGN: string) =>
      problemsOf(text, { env: { HOOK: "https://hooks.example/x", SIGN } })[0] ?? "none";
    assert.match(problemOf(""), /^assay\.yaml:8:\d+ .*is empty/);
    for (const secret of ["whsec_", "whsec_c2hvcnQ=", `whsec_${"!".repeat(40)}`]) {
      assert.match(problemOf(secret), /24 bytes or more/);
      assert.ok(!problemOf(secret).includes(secret.slice(6) || "$"));
    }
    assert.equal(problemOf("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "none");
    assert.equal(problemOf("any text"), "none");
  });

  test("wants exactly two variants", () => {
    const text = withRamp("{}").replace("warm: { model: b }", "warm: { model: b }\n      cold: { model: c }");
    assert.match(
      problemsOf(text)[0] ?? "",
      /has one treatment beside the control, and this experiment has 2/,
    );
  });
});
