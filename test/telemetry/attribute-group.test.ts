import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GroupMemo } from "../../src/telemetry/attribute-group.ts";
import { noSpans } from "../../src/telemetry/span-sink.ts";

test("a group holds its own parts, and the same parts have one group", () => {
  const part = fc.constantFrom("a", "b", undefined, 1, true);
  fc.assert(
    fc.property(fc.array(fc.tuple(part, part, part), { maxLength: 50 }), (all) => {
      let told: readonly unknown[] = [];
      const memo = new GroupMemo<readonly unknown[]>((_, parts) => {
        told = parts;
      });
      const groups = new Map<string, unknown>();
      for (const parts of all) {
        const group = memo.of(parts);
        group.tell(noSpans);
        assert.deepEqual(told, parts);
        const name = parts.map((one) => `${typeof one} ${one}`).join();
        assert.equal(groups.get(name) ?? group, group);
        groups.set(name, group);
      }
    }),
  );
});

test("the memory for groups is bounded: clients may name models without end", () => {
  const memo = new GroupMemo<readonly [string]>(() => {});
  const first = memo.of(["model 0"]);
  assert.equal(memo.of(["model 0"]), first);
  for (let model = 0; model < 1000; model++) memo.of([`model ${model}`]);
  assert.notEqual(memo.of(["model 0"]), first);
});

test("so is the memory for one model: an upstream may name another model with every answer", () => {
  const memo = new GroupMemo<readonly [string, unknown]>(() => {});
  let looked = 0;
  // Counts how often the second part is looked at.
  const parts = (answer: string) =>
    new Proxy(["model", answer] as const, {
      get(target, name) {
        if (name === "1") looked += 1;
        return Reflect.get(target, name);
      },
    });
  const usual = memo.of(["model", "usual"]);
  assert.equal(memo.of(["model", "usual"]), usual);
  for (let answer = 0; answer < 200; answer++) memo.of(parts(`answer ${answer}`));
  looked = 0;
  memo.of(parts("another"));
  assert.ok(looked <= 64, `${looked} comparisons`);
  assert.notEqual(memo.of(["model", "usual"]), usual);
});
