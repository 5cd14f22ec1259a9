import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Admission } from "../../src/http/admission.ts";
import { capacity, costMs, type Flow, type Outcome, type Passed, SimulatedLoop } from "./simulated-loop.ts";

/** What becomes of a flow behind a door with this limit; the process is warm. */
function serve(t: TestContext, flow: Flow, maxLoopDelayMs = 100): Outcome {
  const loop = new SimulatedLoop();
  t.mock.method(globalThis, "setTimeout", loop.setTimeout.bind(loop));
  const door = new Admission({
    limits: () => ({ maxRequests: 100_000, maxLoopDelayMs }),
    active: () => loop.active,
    now: () => loop.now,
    onShedding: () => {},
  });
  for (let cold = 0; cold < 1000; cold++) door.refusal();
  return loop.run(door, flow);
}

/** Once an overload has been noticed. */
const late = (passed: readonly Passed[]) => passed.filter(({ arrivedAt }) => arrivedAt > 4000);
const quantile = (passed: readonly Passed[], share: number) =>
  passed.map(({ ms }) => ms).toSorted((a, b) => a - b)[Math.floor(passed.length * share)] ?? Number.NaN;

describe("at a multiple of the capacity", () => {
  for (const [times, upstreamMs] of [
    [1.5, 0],
    [3, 0],
    [3, 800],
    [4, 300],
  ] as const) {
    const name = `${times} of it, before an upstream of ${upstreamMs} ms, those inside keep their latency and the rest is not idle`;
    test(name, (t) => {
      const seconds = 6;
      const { accepted, refused, turns } = serve(t, { perSecond: times * capacity, seconds, upstreamMs });
      assert.ok(quantile(late(accepted), 0.5) < 100, `p50 ${quantile(late(accepted), 0.5)} ms`);
      assert.ok(quantile(late(accepted), 0.99) < 120, `p99 ${quantile(late(accepted), 0.99)} ms`);
      assert.ok(quantile(late(refused), 0.99) < 120, `p99 of refusals ${quantile(late(refused), 0.99)} ms`);
      // Timers and new connections, and so /healthz, wait for a turn.
      const longest = Math.max(...turns.filter(({ at }) => at > 4000).map(({ ms }) => ms));
      assert.ok(longest < 100, `a turn of ${longest} ms`);
      // All that is left once the others are refused.
      const share = costMs.refusal / (costMs.request + costMs.answer);
      const possible = ((1 - times * share) / (1 - share)) * capacity * (seconds - 4);
      assert.ok(late(accepted).length > 0.9 * possible, `${late(accepted).length} of ${possible}`);
    });
  }

  test("everybody would wait longer and longer without the limit", (t) => {
    const { accepted, refused } = serve(t, { perSecond: 3 * capacity, seconds: 4, upstreamMs: 0 }, 0);
    assert.equal(refused.length, 0);
    assert.ok(quantile(accepted, 0.5) > 1000);
  });
});

describe("within the capacity nobody is refused", () => {
  test("at nine tenths of it", (t) => {
    const { refused } = serve(t, { perSecond: 0.9 * capacity, seconds: 4, upstreamMs: 100 });
    assert.deepEqual(refused, []);
  });

  test("in the wake of a stall of a second at half of it", (t) => {
    const stall = { atMs: 2000, ms: 1000 };
    const { refused } = serve(t, { perSecond: 0.5 * capacity, seconds: 6, upstreamMs: 100, stall });
    assert.deepEqual(refused, []);
  });
});
