import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Switchboard } from "../../src/control/switchboard.ts";
import { parseScope, scopeName } from "../../src/core/kill-switch.ts";
import { createTestStore } from "./control-fixture.ts";

const order = (name: string) => ({ scope: parseScope(name), by: "ada", reason: "it hurts" });
const board = (environment?: string, store = createTestStore()) => ({
  store,
  switches: new Switchboard(store, environment, () => 7),
});

describe("a kill", () => {
  test("holds and is kept once its promise has resolved", async () => {
    const { store, switches } = board();
    await switches.kill(order("tone"));
    assert.deepEqual(switches.names, ["tone"]);
    assert.deepEqual(store.read(), [{ kind: "killed", at: 7, ...order("tone") }]);
  });

  test("holds before a slow disk has kept it", async () => {
    const { store, switches } = board();
    const { go } = store.hold();
    const killed = switches.kill(order("tone"));
    assert.deepEqual(switches.names, ["tone"]);
    go();
    await killed;
    assert.deepEqual(switches.names, ["tone"]);
  });

  test("is not lost by another one that comes while the disk is slow", async () => {
    const { store, switches } = board();
    const { go } = store.hold();
    const both = [switches.kill(order("tone")), switches.kill(order("length"))];
    assert.deepEqual(switches.names, ["tone", "length"]);
    go();
    await Promise.all(both);
    assert.deepEqual(switches.names, ["tone", "length"]);
  });

  test("holds although the disk fails, and says that it will not last", async () => {
    const { store, switches } = board();
    store.failWith(new Error("ENOSPC"));
    await assert.rejects(switches.kill(order("tone")), {
      message: /"tone" is killed in this instance.*restart/,
    });
    assert.deepEqual(switches.names, ["tone"]);
  });

  test("is told of at once, and answered when it holds everywhere, whatever the disk does", async () => {
    for (const failure of [undefined, new Error("ENOSPC")]) {
      const store = createTestStore();
      store.failWith(failure);
      const everywhere = Promise.withResolvers<void>();
      const told: string[][] = [];
      const switches = new Switchboard(
        store,
        undefined,
        () => 7,
        (standing) => {
          told.push(standing.map(({ scope }) => scopeName(scope)));
          return everywhere.promise;
        },
      );
      let isAnswered = false;
      const killed = switches.kill(order("tone")).catch(() => {});
      const answered = killed.then(() => {
        isAnswered = true;
      });
      assert.deepEqual(told, [["tone"]]);
      await setImmediate();
      assert.equal(isAnswered, false);
      everywhere.resolve();
      await answered;
    }
  });

  test("that could not be kept outlives other orders, until it is revived", async () => {
    const { store, switches } = board();
    store.failWith(new Error("ENOSPC"));
    await assert.rejects(switches.kill(order("tone")));
    store.failWith(undefined);
    await switches.kill(order("length"));
    await switches.revive(order("length"));
    assert.deepEqual(switches.names, ["tone"]);
    await switches.revive(order("tone"));
    assert.deepEqual(switches.names, []);
  });

  test("gives requests a new array, so that each keeps the one that it met", async () => {
    const { switches } = board();
    const before = switches.switches;
    await switches.kill(order("tone"));
    assert.deepEqual(before, []);
    assert.notEqual(switches.switches, before);
  });
});

describe("a revival", () => {
  test("lifts its own switch, and is kept", async () => {
    const { store, switches } = board();
    await switches.kill(order("tone"));
    await switches.kill(order("*"));
    await switches.revive(order("*"));
    assert.deepEqual(switches.names, ["tone"]);
    assert.equal(store.read().at(-1)?.kind, "revived");
  });

  test("that could not be kept lifts nothing", async () => {
    const { store, switches } = board();
    await switches.kill(order("tone"));
    store.failWith(new Error("ENOSPC"));
    await assert.rejects(switches.revive(order("tone")), { message: "ENOSPC" });
    assert.deepEqual(switches.names, ["tone"]);
  });

  test("of what does not stand is refused, and names what does", async () => {
    const { switches } = board();
    await assert.rejects(switches.revive(order("tone")), { code: "not_found", message: /on are: none/ });
    await switches.kill(order("tone/candidate"));
    await assert.rejects(switches.revive(order("tone")), { message: /on are: tone\/candidate/ });
  });

  test("cannot lift a switch of the environment", async () => {
    const { store, switches } = board("tone");
    await switches.kill(order("tone"));
    await assert.rejects(switches.revive(order("tone")), { code: "conflict", message: /ASSAY_KILL_SWITCH/ });
    assert.deepEqual(switches.names, ["tone"]);
    assert.equal(store.read().length, 1);
  });
});

describe("after a restart", () => {
  test("what was kept stands, beside what the environment says", async () => {
    const { store, switches } = board();
    await switches.kill(order("tone"));
    await switches.kill(order("length"));
    await switches.revive(order("length"));
    assert.deepEqual(board("other/x", store).switches.names, ["other/x", "tone"]);
  });
});
