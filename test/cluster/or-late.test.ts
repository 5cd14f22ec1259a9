import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { orLate } from "../../src/cluster/or-late.ts";

describe("an answer that has a deadline", () => {
  test("is taken when it came while this process stood still for all of the time", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { promise, resolve } = Promise.withResolvers<string>();
    const answer = orLate(promise, 1000);
    // Timers come first when a process goes on, and then what was sent to it.
    t.mock.timers.tick(60_000);
    await setImmediate();
    resolve("here");
    assert.equal(await answer, "here");
  });

  test("is undefined when it does not come", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const answer = orLate(new Promise<string>(() => {}), 1000);
    t.mock.timers.tick(500);
    await setImmediate();
    t.mock.timers.tick(500);
    assert.equal(await answer, undefined);
  });
});
