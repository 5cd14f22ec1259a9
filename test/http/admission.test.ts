import assert from "node:assert/strict";
import { beforeEach, describe, type TestContext, test } from "node:test";
import { Admission } from "../../src/http/admission.ts";

let now = 0;
let active = 0;
let limits = { maxRequests: 100, maxLoopDelayMs: 100 };
let told: boolean[] = [];

beforeEach(() => {
  now = 0;
  active = 80;
  limits = { maxRequests: 100, maxLoopDelayMs: 100 };
  told = [];
});

function admission(): Admission {
  return new Admission({
    limits: () => limits,
    active: () => active,
    now: () => now,
    onShedding: (isShedding) => told.push(isShedding),
  });
}

/** An admission that has met so many requests that its code counts as warm. */
function warm(t: TestContext): Admission {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const door = admission();
  ask(door, 1000);
  turn(t, 20);
  return door;
}

const ask = (door: Admission, requests: number) => Array.from({ length: requests }, () => door.refusal());

/** A turn of the loop: timers see its end, whatever it took. */
function turn(t: TestContext, ms: number): void {
  now += ms;
  t.mock.timers.tick(ms);
}

/** Late turns for longer than a second, and one under way that is late too. */
function overload(t: TestContext, door: Admission): void {
  for (let late = 0; late < 10; late++) {
    ask(door, 1);
    turn(t, 150);
  }
  now += 101;
}

describe("the limit of open requests", () => {
  test("refuses one more, and lets in when one has left", () => {
    const door = admission();
    active = 99;
    assert.equal(door.refusal(), undefined);
    active = 100;
    assert.equal(door.refusal(), "requests");
    active = 99;
    assert.equal(door.refusal(), undefined);
  });
});

describe("the limit of the loop's delay", () => {
  test("refuses what comes late in a turn once a queue stands, and takes what comes early", (t) => {
    const door = warm(t);
    overload(t, door);
    assert.equal(door.refusal(), "loop_delay");
    assert.deepEqual(told, [true]);
    turn(t, 1);
    assert.deepEqual(ask(door, 3), [undefined, undefined, undefined]);
    now += 26;
    assert.equal(door.refusal(), "loop_delay");
  });

  test("takes one more where few are inside, however long the turn is", (t) => {
    const door = warm(t);
    overload(t, door);
    assert.equal(door.refusal(), "loop_delay");
    active = 63;
    assert.equal(door.refusal(), undefined);
  });

  test("sees a turn that does not end", (t) => {
    const door = warm(t);
    const rounds = Array.from({ length: 8 }, () => {
      now += 200;
      return ask(door, 1025).at(-1);
    });
    assert.equal(rounds.indexOf("loop_delay"), 6);
  });

  test("ends when nothing had to be refused for a second", (t) => {
    const door = warm(t);
    overload(t, door);
    door.refusal();
    for (let quiet = 0; quiet < 1000; quiet++) turn(t, 1);
    assert.deepEqual(told, [true]);
    turn(t, 1);
    turn(t, 1);
    assert.deepEqual(told, [true, false]);
    now += 50;
    assert.equal(door.refusal(), undefined);
  });

  test("ends although single turns are too long", (t) => {
    const door = warm(t);
    overload(t, door);
    ask(door, 1);
    turn(t, 1);
    for (let quiet = 0; quiet < 15; quiet++) {
      for (let short = 0; short < 50; short++) turn(t, 1);
      now += 30;
      ask(door, 1);
      turn(t, 1);
    }
    assert.deepEqual(told, [true, false]);
  });

  test("refuses nobody while the code is cold", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const door = admission();
    for (let cold = 0; cold < 5; cold++) {
      assert.deepEqual(new Set(ask(door, 100)), new Set([undefined]));
      turn(t, 500);
    }
    assert.deepEqual(told, []);
  });

  test("of 0 refuses nobody, from the next request on", (t) => {
    const door = warm(t);
    overload(t, door);
    assert.equal(door.refusal(), "loop_delay");
    limits = { ...limits, maxLoopDelayMs: 0 };
    assert.equal(door.refusal(), undefined);
    turn(t, 1);
    assert.deepEqual(told, [true, false]);
  });

  test("wakes no process that gets no requests", (t) => {
    const door = warm(t);
    ask(door, 1);
    let asked = 0;
    const parts = { limits: () => limits, active: () => 0, onShedding: () => {}, now: () => asked++ };
    const idle = new Admission(parts);
    ask(idle, 1001);
    for (let ms = 0; ms < 100; ms++) t.mock.timers.tick(1);
    const before = asked;
    for (let ms = 0; ms < 1000; ms++) t.mock.timers.tick(1);
    assert.equal(asked, before);
  });
});
