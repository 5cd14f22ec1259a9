import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../../src/analysis/random.ts";
import { fastBurn } from "../../../src/core/ramp/fast-burn.ts";
import type { LastUnit } from "../../../src/domain/ramp.ts";

describe("fast burn", () => {
  test("eight units of the treatment in a row, while the control works", () => {
    assert.match(fastBurn(units("TcTcTcTcTcTcTcTc")) ?? "", /last 8 units/);
    assert.equal(fastBurn(units("tcTcTcTcTcTcTcTc")), undefined);
    assert.equal(fastBurn(units("TcTcTcTcTcTcTcTctc")), undefined);
  });

  test("fifteen of twenty, with successes in between", () => {
    assert.match(fastBurn(units(`${"TcTcTctc".repeat(5)}`)) ?? "", /15 of the treatment's last 20/);
    assert.equal(fastBurn(units(`${"TcTcTctc".repeat(4)}TcTctctc`)), undefined);
  });

  test("not where the control fails as well", () => {
    assert.equal(fastBurn(units(`CCC${"Tc".repeat(8)}`)), undefined);
    assert.notEqual(fastBurn(units(`CC${"Tc".repeat(8)}`)), undefined);
  });

  test("not where the control was not seen at work meanwhile: an outage of both may have begun, or ended", () => {
    assert.equal(fastBurn(units("cccccccccTTTTTTTT")), undefined);
    assert.equal(fastBurn(units("TTTTTTTTcccccccccccc")), undefined);
    assert.equal(fastBurn(units("TTTTTTTT")), undefined);
  });

  test("not where one of the control's last four has failed: it may be the first of an outage's", () => {
    assert.equal(fastBurn(units(`${"Tc".repeat(8)}C`)), undefined);
    assert.equal(fastBurn(units(`${"Tc".repeat(8)}Cccc`)), undefined);
    assert.notEqual(fastBurn(units(`${"Tc".repeat(8)}Ccccc`)), undefined);
  });

  test("an outage of both arms burns nobody, as it begins, lasts and ends", () => {
    for (const failure of [0.3, 0.6, 1]) {
      let burned = 0;
      for (let run = 0; run < 1_000; run++) burned += burnsInOutage(run, failure) ? 1 : 0;
      assert.ok(burned <= 3, `${burned} of 1,000 at ${failure}`);
    }
  });

  /** t and c are units that ended well, T and C such that failed. */
  function units(text: string): LastUnit[] {
    return [...text].map((one) => ({
      isTreatment: one.toLowerCase() === "t",
      hasFailed: one === one.toUpperCase(),
    }));
  }

  /** 60 units before, during and after; looked at after each. */
  function burnsInOutage(seed: number, failure: number): boolean {
    const random = createRandom(seed, 1);
    const seen: LastUnit[] = [];
    for (let at = 0; at < 180; at++) {
      const rate = at >= 60 && at < 120 ? failure : 0.01;
      seen.push({ isTreatment: random.bernoulli(0.5), hasFailed: random.bernoulli(rate) });
      if (fastBurn(seen.slice(-60)) !== undefined) return true;
    }
    return false;
  }
});
