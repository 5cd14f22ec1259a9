import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { rampContext } from "../../src/analysis/ramp-context.ts";
import { outagesOf } from "../../src/analysis/ramp-outage.ts";
import type { RampSlo } from "../../src/domain/ramp.ts";
import { rampWith } from "../core/ramp/ramp-fixture.ts";
import { failed, rampEvidence, requests, sloOf, succeeded } from "./ramp-fixture.ts";

interface Asked {
  readonly isTreatment: boolean;
  readonly latencyMs: number;
  readonly hasFailed: boolean;
}

function outages(slo: RampSlo, asked: readonly Asked[]) {
  const facts = requests(asked.length, (at) => ({
    assigned: asked[at]?.isTreatment === true ? "candidate" : "control",
    latencyMs: asked[at]?.latencyMs ?? 0,
    flags: asked[at]?.hasFailed === true ? failed : succeeded,
  }));
  return outagesOf(rampContext(rampEvidence({ config: rampWith({ slos: [slo] }), facts })));
}

const isBeyondBy: Readonly<Record<string, (last: readonly Asked[]) => boolean>> = {
  error_rate: (last) => last.filter(({ hasFailed }) => hasFailed).length / last.length > 0.3,
  success_rate: (last) => last.filter(({ hasFailed }) => !hasFailed).length / last.length < 0.7,
  latency: (last) => last.reduce((sum, { latencyMs }) => sum + latencyMs, 0) / last.length > 5,
  // Where fewer than that part of them are at most the ceiling, the quantile is above it.
  latency_p95: (last) =>
    last.filter(({ latencyMs }) => latencyMs <= 5).length < Math.ceil(0.95 * last.length),
  latency_p50: (last) => last.filter(({ latencyMs }) => latencyMs <= 5).length < Math.ceil(0.5 * last.length),
};
const ceilings: Readonly<Record<string, number>> = { error_rate: 0.3, success_rate: 0.7 };

/** As it is said: both arms beyond, over the last 30 of each or over the last 100, of which there are twenty at least. */
function isOut(metric: string, before: readonly Asked[]): boolean {
  const isBeyond = isBeyondBy[metric];
  assert.ok(isBeyond);
  return [30, 100].some((length) =>
    [true, false].every((arm) => {
      const last = before.filter(({ isTreatment }) => isTreatment === arm).slice(-length);
      return last.length >= 20 && isBeyond(last);
    }),
  );
}

describe("an outage that both arms share", () => {
  const stretch = fc.record({
    length: fc.integer({ min: 1, max: 120 }),
    chance: fc.constantFrom(0, 20, 40, 90),
    seed: fc.array(fc.tuple(fc.boolean(), fc.nat(99), fc.integer({ min: 1, max: 10 })), {
      minLength: 120,
      maxLength: 120,
    }),
  });
  const asked = fc.array(stretch, { minLength: 1, maxLength: 6 }).map((stretches) =>
    stretches.flatMap(({ length, chance, seed }) =>
      seed.slice(0, length).map(
        ([isTreatment, roll, latencyMs]): Asked => ({
          isTreatment,
          hasFailed: roll < chance,
          latencyMs: latencyMs - (chance < 40 ? 3 : 0),
        }),
      ),
    ),
  );

  test("is seen by the requests before one alone, over the last 30 or the last 100 of each arm", () => {
    for (const metric of Object.keys(isBeyondBy)) {
      const better = metric === "success_rate" ? "higher" : "lower";
      const slo = sloOf(metric, { better, ceiling: ceilings[metric] ?? 5 });
      fc.assert(
        fc.property(asked, (all) => {
          const found = outages(slo, all);
          for (let at = 0; at < all.length; at += 7)
            assert.equal(found.isDuring(at), isOut(metric, all.slice(0, at)), `${metric} ${at}`);
          assert.equal(found.isNow(metric), isOut(metric, all));
        }),
        { numRuns: 25 },
      );
    }
  });

  test("of latencies of which more are better is seen at the quantile from the worst", () => {
    const slo = sloOf("latency_p95", { better: "higher", ceiling: 5 });
    const of = (slow: number) =>
      Array.from(
        { length: 200 },
        (_, at): Asked => ({
          isTreatment: at % 2 === 0,
          hasFailed: false,
          latencyMs: Math.floor(at / 2) < 100 - slow ? 4 : 9,
        }),
      );
    assert.equal(outages(slo, of(5)).isDuring(199), true);
    assert.equal(outages(slo, of(6)).isNow("latency_p95"), false);
  });

  test("is not looked for without a ceiling, nor in sessions", () => {
    const all = Array.from(
      { length: 200 },
      (_, at): Asked => ({ isTreatment: at % 2 === 0, hasFailed: true, latencyMs: 9 }),
    );
    for (const slo of [sloOf("error_rate"), sloOf("tokens_per_session", { ceiling: 0 })]) {
      const { hasBeen, isNow } = outages(slo, all);
      assert.deepEqual([hasBeen, isNow(slo.metric)], [false, undefined]);
    }
  });
});
