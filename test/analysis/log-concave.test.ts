import { describe, test } from "node:test";
import fc from "fast-check";
import { logIntegrateLogConcave } from "../../src/analysis/log-concave.ts";
import { near } from "./near.ts";

const start = fc.double({ min: -50, max: 50, noNaN: true });
const scale = fc.double({ min: 0.02, max: 50, noNaN: true });

describe("the integral of a log-concave function", () => {
  test("is that of the normal density, wherever the search begins", () => {
    fc.assert(
      fc.property(start, scale, start, (from, width, mean) => {
        const logF = (x: number) => -0.5 * ((x - mean) / 3) ** 2 - 1_000;
        near(logIntegrateLogConcave(logF, from, width), Math.log(3 * Math.sqrt(2 * Math.PI)) - 1_000, 1e-13);
      }),
    );
  });

  test("is that of lopsided functions with one heavy side", () => {
    // Γ(a) with x the logarithm of its variable.
    for (const [a, logGamma] of [
      [0.5, Math.log(Math.sqrt(Math.PI))],
      [1, 0],
      [5, Math.log(24)],
    ] as const) {
      near(
        logIntegrateLogConcave((x) => a * x - Math.exp(x), 0, 1),
        logGamma,
        1e-12,
      );
    }
    // The logistic density, whose poles lie at ±iπ.
    near(
      logIntegrateLogConcave((x) => -x - 2 * Math.log1p(Math.exp(-x)), 3, 0.1),
      0,
      1e-12,
    );
  });
});
