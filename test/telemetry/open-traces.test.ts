import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type OpenEntry, OpenTraces } from "../../src/telemetry/open-traces.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (how?: { readonly type: "minor" | "major" }) => void;

class Trace {
  isInterrupted = false;
  interrupt(): void {
    this.isInterrupted = true;
  }
}

describe("open traces", () => {
  test("are interrupted once, those that have ended are not", () => {
    const open = new OpenTraces();
    const traces = Array.from({ length: 5 }, () => new Trace());
    const entries = traces.map((trace) => open.add(trace));
    for (const at of [0, 2, 4]) open.delete(entries[at] as OpenEntry);
    open.delete(entries[2] as OpenEntry);
    open.interrupt();
    assert.deepEqual(
      traces.map(({ isInterrupted }) => isInterrupted),
      [false, true, false, true, false],
    );
    const late = new Trace();
    open.add(late);
    for (const trace of traces) trace.isInterrupted = false;
    open.interrupt();
    assert.equal(late.isInterrupted, true);
    assert.ok(traces.every(({ isInterrupted }) => !isInterrupted));
  });

  test("beyond ten thousand let the oldest go", () => {
    const open = new OpenTraces();
    const oldest = new Trace();
    const entry = open.add(oldest);
    const rest = Array.from({ length: 10_000 }, () => new Trace());
    for (const trace of rest) open.add(trace);
    open.delete(entry);
    open.interrupt();
    assert.equal(oldest.isInterrupted, false);
    assert.ok(rest.every(({ isInterrupted }) => isInterrupted));
  });

  test("that have ended go with the young, though some were old", () => {
    const open = new OpenTraces();
    const fresh = () => open.add(Object.assign(new Trace(), { kept: new Array<number>(1000).fill(0) }));
    const standing = Array.from({ length: 32 }, fresh);
    collect({ type: "major" });
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 4000; round++) {
      const at = round % standing.length;
      open.delete(standing[at] as OpenEntry);
      standing[at] = fresh();
      if (round % 200 === 0) collect({ type: "minor" });
    }
    for (let times = 0; times < 3; times++) collect({ type: "minor" });
    const mb = (process.memoryUsage().heapUsed - before) / 1e6;
    // Were they all kept, it would be 32 MB.
    assert.ok(mb < 6, `${mb.toFixed(1)} MB more`);
  });
});
