import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  isKilled,
  parseScope,
  scopeName,
  switchesAfter,
  switchesFromEnvironment,
} from "../../src/core/kill-switch.ts";
import type { ControlEvent, KillScope } from "../../src/domain/control.ts";

const order = (kind: "killed" | "revived", name: string, at = 0): ControlEvent => ({
  kind,
  at,
  by: "ada",
  reason: "it hurts",
  scope: parseScope(name),
});
const standing = (...events: ControlEvent[]) => switchesAfter(events).map(({ scope }) => scopeName(scope));

const id = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const scope: fc.Arbitrary<KillScope> = fc.oneof(
  fc.constant<KillScope>({ kind: "all" }),
  id.map((experimentId): KillScope => ({ kind: "experiment", experimentId })),
  fc
    .tuple(id, id)
    .map(([experimentId, variantId]): KillScope => ({ kind: "variant", experimentId, variantId })),
);

describe("the switches that stand", () => {
  test("are those killed and not revived since, oldest first", () => {
    const events = [
      order("killed", "a"),
      order("killed", "b/x"),
      order("revived", "a"),
      order("killed", "*"),
    ];
    assert.deepEqual(standing(...events), ["b/x", "*"]);
    assert.deepEqual(standing(...events, order("killed", "a")), ["b/x", "*", "a"]);
  });

  test("tell who, why and when; a second kill of the same scope replaces that", () => {
    const again = { ...order("killed", "a", 7), by: "bob" };
    assert.deepEqual(switchesAfter([order("killed", "a", 1), again]), [
      { scope: parseScope("a"), source: "admin", by: "bob", reason: "it hurts", at: 7 },
    ]);
  });

  test("are lifted by their own scope only: everything revived leaves an experiment killed", () => {
    const events = [order("killed", "a"), order("killed", "*")];
    assert.deepEqual(standing(...events, order("revived", "*")), ["a"]);
    assert.deepEqual(standing(...events, order("revived", "a")), ["*"]);
    assert.deepEqual(standing(...events, order("revived", "a/x")), ["a", "*"]);
  });

  test("take no notice of other facts", () => {
    const revision: ControlEvent = {
      kind: "revision",
      at: 0,
      by: "x",
      reason: "",
      revision: "r",
      entries: [],
      prompts: {},
    };
    assert.deepEqual(
      standing(order("killed", "a"), revision, { kind: "exposed", at: 0, entries: [], prompts: {} }),
      ["a"],
    );
  });
});

describe("a scope", () => {
  test("is the same after it was written and read", () => {
    fc.assert(fc.property(scope, (one) => assert.deepEqual(parseScope(scopeName(one)), one)));
  });

  test("covers its own, and nothing beside", () => {
    const target = { experimentId: "a", variantId: "x" };
    const covers = (name: string) => isKilled(switchesAfter([order("killed", name)]), target);
    assert.deepEqual(["*", "a", "a/x"].map(covers), [true, true, true]);
    assert.deepEqual(["b", "a/y", "b/x", "x"].map(covers), [false, false, false, false]);
    assert.equal(isKilled([], target), false);
  });
});

describe("ASSAY_KILL_SWITCH", () => {
  const names = (value: string | undefined) =>
    switchesFromEnvironment(value, 5).map((one) => scopeName(one.scope));

  test("names everything, experiments and variants, with commas and spaces", () => {
    assert.deepEqual(names("*"), ["*"]);
    assert.deepEqual(names(" support-reply , tone/candidate,"), ["support-reply", "tone/candidate"]);
  });

  test("kills nothing when it is absent or blank", () => {
    for (const value of [undefined, "", "  ", ",", " , "]) assert.deepEqual(names(value), []);
  });

  test("says that it comes from the environment", () => {
    const [only] = switchesFromEnvironment("*", 5);
    assert.equal(only?.source, "environment");
    assert.equal(only?.by, "ASSAY_KILL_SWITCH");
    assert.equal(only?.at, 5);
  });
});
