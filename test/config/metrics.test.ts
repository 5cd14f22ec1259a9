import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { loadConfig } from "../../src/config/load.ts";
import { durationMs, toMargin } from "../../src/config/to-metrics.ts";
import { continuityProblems, exposureBy } from "../../src/core/continuity.ts";
import { compileRevision } from "../../src/core/revision.ts";
import type { ControlEvent } from "../../src/domain/control.ts";
import { configOf, loadText, marked, problemsOf } from "./config-fixture.ts";

const head = "upstreams: { main: {} }\n";
const metrics = (lines: string): string => `${head}metrics:\n${lines}`;
const analysis = (lines: string, unit = "user"): string =>
  `${head}metrics: { resolved: { kind: boolean }, csat: { kind: number } }
experiments:
  tone:
    unit: ${unit}
    variants: { control: { model: a }, warm: { model: b } }
    analysis:
${lines}`;

describe("metrics", () => {
  test("need their kind only", () => {
    assert.deepEqual(
      { ...configOf(metrics("  resolved: { kind: boolean }\n")).metrics.resolved },
      {
        name: "resolved",
        description: "",
        kind: "boolean",
        better: "higher",
        per: "outcome",
        combine: "last",
        minimum: undefined,
        maximum: undefined,
        categories: Object.create(null),
        cap: undefined,
        windowMs: Number.POSITIVE_INFINITY,
      },
    );
  });

  test("take everything that a file says of them", () => {
    const text = metrics(
      `  csat: { description: Stars, kind: number, better: lower, per: unit, combine: sum, minimum: -1, maximum: 5, cap: 9, window: 30m }
  topic: { kind: category, categories: { good: 1, "so so": 0.5, bad: 0 } }\n`,
    );
    const { csat, topic } = configOf(text).metrics;
    assert.deepEqual(
      [csat?.description, csat?.better, csat?.per, csat?.combine, csat?.minimum, csat?.maximum, csat?.cap],
      ["Stars", "lower", "unit", "sum", -1, 5, 9],
    );
    assert.equal(csat?.windowMs, 30 * 60_000);
    assert.deepEqual({ ...topic?.categories }, { good: 1, "so so": 0.5, bad: 0 });
  });

  test("do not know names and categories that every object has", () => {
    const text = metrics("  topic: { kind: category, categories: { good: 1, bad: 0 } }\n");
    const named = configOf(text).metrics;
    assert.equal(named.constructor, undefined);
    assert.equal(named.topic?.categories.constructor, undefined);
  });
});

describe("the store", () => {
  test("is durable in batches and keeps 90 days where nothing is said", () => {
    assert.deepEqual(configOf(head).store, {
      engine: "sqlite",
      durability: "batched",
      retentionMs: 90 * 86_400_000,
      content: "off",
      contentRetentionMs: 7 * 86_400_000,
      commitMs: 200,
      queueRows: 100_000,
      queueBytes: 67_108_864,
    });
  });

  test("takes everything that a file says of it", () => {
    const text = `${head}store: { durability: strict, retention_days: 7, content: redacted, content_retention_days: 30, commit_ms: 50, queue_rows: 10, queue_bytes: 65536 }\n`;
    assert.deepEqual(configOf(text).store, {
      engine: "sqlite",
      durability: "strict",
      retentionMs: 7 * 86_400_000,
      content: "redacted",
      // Never longer than the record that it was said in.
      contentRetentionMs: 7 * 86_400_000,
      commitMs: 50,
      queueRows: 10,
      queueBytes: 65_536,
    });
  });
});

describe("an experiment's analysis", () => {
  test("has no metrics, and sound bounds, where nothing is said", () => {
    const text = `${head}experiments: { tone: { variants: { control: { model: a } } } }\n`;
    assert.deepEqual(configOf(text).experiments.tone?.analysis, {
      metrics: [],
      alpha: 0.05,
      plannedUnits: 10_000,
      minimumUnits: 30,
    });
  });

  test("lists goals before guardrails, as names or as maps", () => {
    const text = analysis(`      guardrails: [{ metric: latency_p95, margin: 20% }]
      goals: [resolved, { metric: csat, smallest_effect: 0.1 }]
      alpha: 0.1
      planned_units: 400
      minimum_units: 50\n`);
    assert.deepEqual(configOf(text).experiments.tone?.analysis, {
      metrics: [
        { metric: "resolved", role: "goal", margin: undefined, smallestEffect: undefined },
        {
          metric: "csat",
          role: "goal",
          margin: undefined,
          smallestEffect: { kind: "absolute", value: 0.1 },
        },
        {
          metric: "latency_p95",
          role: "guardrail",
          margin: { kind: "relative", value: 0.2 },
          smallestEffect: undefined,
        },
      ],
      alpha: 0.1,
      plannedUnits: 400,
      minimumUnits: 50,
    });
  });

  test("tolerates a point of a share and a tenth of anything else where a margin is left open", () => {
    const text = analysis("      guardrails: [error_rate, resolved, csat, latency_log, { metric: cost }]\n");
    const point = { kind: "absolute", value: 0.01 };
    const tenth = { kind: "relative", value: 0.1 };
    assert.deepEqual(
      configOf(text).experiments.tone?.analysis.metrics.map(({ margin }) => margin),
      [point, point, tenth, tenth, tenth],
    );
  });

  test("changes the revision, and moves no unit", () => {
    const revisionOf = (text: string) => {
      const loaded = loadText(text);
      assert.ok("config" in loaded, JSON.stringify(loaded));
      return compileRevision(loaded.config, loaded.digest, 0);
    };
    const before = revisionOf(analysis("      goals: [resolved]\n"));
    const after = revisionOf(analysis("      goals: [csat]\n      guardrails: [cost]\n      alpha: 0.01\n"));
    const events: readonly ControlEvent[] = [{ kind: "exposed", at: 0, ...exposureBy(before, []) }];
    assert.notEqual(before.id, after.id);
    assert.deepEqual(continuityProblems(after, events), []);
    assert.deepEqual(exposureBy(after, events), { entries: [], prompts: {} });
    assert.deepEqual(after.phases, before.phases);
  });
});

const problems = [
  {
    says: "a metric without a kind",
    yaml: metrics("  ⟦resolved⟧: { better: higher }\n"),
    problem: "`resolved` lacks `kind`; add it",
  },
  {
    says: "a metric under a built-in one's name",
    yaml: metrics("  ⟦cost⟧: { kind: number }\n"),
    problem: "`cost` is a metric that Assay measures itself; choose another name",
  },
  {
    says: "a window that is no duration",
    yaml: metrics("  resolved: { kind: boolean, window: ⟦2 weeks⟧ }\n"),
    problem: '`window` is "2 weeks"; it must be a duration such as `30m`, `24h` or `7d`',
  },
  {
    says: "a window that is a number",
    yaml: metrics("  resolved: { kind: boolean, window: ⟦10⟧ }\n"),
    problem: "`window` is 10; it must be text, a duration such as `30m`, `24h` or `7d`",
  },
  {
    says: "a window longer than anything is kept",
    yaml: `store: { retention_days: 30 }\n${metrics("  resolved: { kind: boolean, window: ⟦31d⟧ }\n")}`,
    problem: "`window` is 31d, longer than `store.retention_days` (30); shorten it, or keep more",
  },
  {
    says: "bounds of what is no number",
    yaml: metrics("  resolved: { kind: boolean, ⟦minimum⟧: 0 }\n"),
    problem: "`minimum` bounds numbers, and the kind is boolean; remove it, or use kind number",
  },
  {
    says: "a minimum above the maximum",
    yaml: metrics("  csat: { kind: number, minimum: ⟦5⟧, maximum: 1 }\n"),
    problem: "`minimum` is 5, and `maximum` 1; it must be less",
  },
  {
    says: "categories that are missing",
    yaml: metrics("  ⟦topic⟧: { kind: category }\n"),
    problem: "`topic` lacks `categories`; say what each counts, such as { good: 1, bad: 0 }",
  },
  {
    says: "categories of what has none",
    yaml: metrics("  topic: { kind: number, ⟦categories⟧: { good: 1 } }\n"),
    problem: "`categories` are for kind category, and the kind is number; change one of the two",
  },
  {
    says: "categories that cannot be told apart",
    yaml: metrics("  topic: { kind: category, categories: ⟦{ good: 1, fine: 1 }⟧ }\n"),
    problem: "all categories count the same, so there is nothing to compare; let them differ",
  },
  {
    says: "a category that counts nothing one can count with",
    yaml: metrics("  topic: { kind: category, categories: { good: ⟦yes⟧, bad: 0 } }\n"),
    problem: '`good` is "yes"; it must be a number',
  },
  {
    says: "labels whose absence would count as wrong",
    yaml: metrics("  right: { kind: correctness, per: ⟦request⟧ }\n"),
    problem: "per request, answers without a label would count as wrong; use `per: outcome`",
  },
  {
    says: "a sum of labels",
    yaml: metrics("  right: { kind: correctness, combine: ⟦sum⟧ }\n"),
    problem: "a sum of labels means nothing; use `last` or `first`",
  },
  {
    says: "a missing value that no value could be",
    yaml: metrics("  csat: { kind: number, minimum: 1, per: ⟦request⟧ }\n"),
    problem:
      "per request, a missing value counts 0, less than `minimum` (1); use `per: outcome`, or a `minimum` of 0",
  },
  {
    says: "a cap of what is 0 or 1",
    yaml: metrics("  resolved: { kind: boolean, ⟦cap⟧: 1 }\n"),
    problem: "values of kind boolean are 0 or 1, so there is nothing to cap; remove `cap`",
  },
  {
    says: "a memory that is to be durable",
    yaml: `${head}store: { engine: memory, durability: ⟦strict⟧ }\n`,
    problem: "`engine: memory` keeps nothing, and cannot be strict; use sqlite, or batched",
  },
  {
    says: "a goal that is no metric, with the one that was meant",
    yaml: analysis("      goals: [⟦resolvd⟧]\n"),
    problem: 'there is no metric "resolvd"; did you mean "resolved"?',
  },
  {
    says: "a guardrail that is no metric, with the built-in one that was meant",
    yaml: analysis("      guardrails: [{ metric: ⟦eror_rate⟧, margin: 1% }]\n"),
    problem: 'there is no metric "eror_rate"; did you mean "error_rate"?',
  },
  {
    says: "a metric that is goal and guardrail",
    yaml: analysis("      guardrails: [⟦resolved⟧]\n      goals: [resolved]\n"),
    problem: 'metric "resolved" is a goal already; it cannot be a guardrail too, remove it from one',
  },
  {
    says: "a goal that is listed twice",
    yaml: analysis("      goals: [resolved, { metric: ⟦resolved⟧ }]\n"),
    problem: 'metric "resolved" is listed twice in `goals`; keep one of the two',
  },
  {
    says: "a margin that is no number",
    yaml: analysis("      guardrails: [{ metric: cost, margin: ⟦10 percent⟧ }]\n"),
    problem:
      '`margin` is "10 percent"; it must be a number such as 0.01, or a percentage of the control\'s value such as 10%',
  },
  {
    says: "a margin that nothing could pass",
    yaml: analysis("      guardrails: [{ metric: cost, margin: ⟦0%⟧ }]\n"),
    problem:
      "`margin` is 0%, and no amount of data shows that there is no harm at all; it must be more than 0",
  },
  {
    says: "a smallest effect below zero",
    yaml: analysis("      goals: [{ metric: csat, smallest_effect: ⟦-1⟧ }]\n"),
    problem: "`smallest_effect` is -1; it must be more than 0",
  },
  {
    says: "a guardrail's key on a goal",
    yaml: analysis("      goals: [{ metric: csat, ⟦margin⟧: 1 }]\n"),
    problem: "unknown key `margin`; known here: metric, smallest_effect",
  },
  {
    says: "an absolute margin of a ratio",
    yaml: analysis("      guardrails: [{ metric: latency_log, margin: ⟦5⟧ }]\n"),
    problem: "`latency_log` is compared as a ratio; write a percentage such as 10%",
  },
  {
    says: "a metric of sessions where each request is drawn for itself",
    yaml: analysis("      guardrails: [⟦cost_per_session⟧]\n", "request"),
    problem:
      "`cost_per_session` needs sessions that stay in one variant, and the unit is the request; choose a metric of requests",
  },
  {
    says: "an alpha of nothing",
    yaml: analysis("      alpha: ⟦0⟧\n"),
    problem: "`alpha` is 0; it must be more than 0",
  },
  {
    says: "an alpha of more than a half",
    yaml: analysis("      alpha: ⟦0.6⟧\n"),
    problem: "`alpha` is 0.6; it must be 0.5 or less",
  },
  {
    says: "a plan that ends before anything is shown",
    yaml: analysis("      planned_units: ⟦40⟧\n"),
    problem:
      "`planned_units` is 40, and `minimum_units` for each variant makes 60: nothing would ever be shown; raise it, or lower `minimum_units`",
  },
];

describe("a problem of measuring is told with its place", () => {
  for (const { says, yaml, problem } of problems) {
    test(says, () => {
      const { text, position } = marked(yaml);
      assert.deepEqual(problemsOf(text), [`assay.yaml:${position} ${problem}`]);
    });
  }
});

test("a single category may be counted against all requests", () => {
  const text = metrics("  topic: { kind: category, per: request, categories: { bought: 1 } }\n");
  assert.deepEqual(problemsOf(text), []);
});

test("a margin may come from the environment, as a number or a percentage", () => {
  const margin = (written: string) => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of references
    const text = analysis('      guardrails: [{ metric: cost, margin: "${MARGIN}" }]\n');
    return configOf(text, { env: { MARGIN: written } }).experiments.tone?.analysis.metrics[0]?.margin;
  };
  assert.deepEqual(margin("0.5"), { kind: "absolute", value: 0.5 });
  assert.deepEqual(margin("5%"), { kind: "relative", value: 0.05 });
});

test("a percentage and its hundredth are the same margin", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), (percent) => {
      assert.deepEqual(toMargin(`${percent}%`), { kind: "relative", value: percent / 100 });
    }),
  );
});

test("durations are minutes, hours and days", () => {
  assert.deepEqual(["90m", "24h", "7d"].map(durationMs), [5_400_000, 86_400_000, 604_800_000]);
});

test("the shipped example has goals and guardrails of its own and of Assay's", () => {
  const loaded = loadConfig(new URL("../../assay.yaml", import.meta.url).pathname, {});
  assert.ok("config" in loaded, JSON.stringify(loaded));
  const { metrics: own, experiments } = loaded.config;
  assert.deepEqual(Object.keys(own), ["resolved", "csat"]);
  assert.deepEqual(
    experiments["support-reply"]?.analysis.metrics.map(({ metric, role }) => `${role} ${metric}`),
    ["goal resolved", "goal csat", "guardrail error_rate", "guardrail latency", "guardrail cost"],
  );
});
