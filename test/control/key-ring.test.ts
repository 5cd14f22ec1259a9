import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { KeyRing } from "../../src/control/key-ring.ts";
import { createTestStore } from "./control-fixture.ts";

const order = { by: "ada", reason: "for the shop" };
const web = {
  ...order,
  name: "web",
  role: "client",
  scope: { routes: ["chat"] },
  limits: {},
  expiresAt: undefined,
} as const;

function ringOf(store = createTestStore()) {
  const told: number[] = [];
  const changed = () => void told.push(ring.table.keys.length);
  const ring: KeyRing = new KeyRing({ store, now: () => 7, random: randomBytes, changed });
  const isIn = (text: string) => ring.table.identify(`Bearer ${text}`, 7).kind === "known";
  return { ring, store, told, isIn };
}

describe("a new key", () => {
  test("is durable, in force and told to who serves once its text is known, and its text is not kept", async () => {
    const { ring, store, told, isIn } = ringOf();
    const { key, text } = await ring.create(web);
    assert.ok(isIn(text));
    assert.deepEqual(told, [1]);
    assert.deepEqual(store.read(), [{ kind: "key_created", at: 7, ...order, key }]);
    assert.ok(!JSON.stringify(store.read()).includes(text.slice("ask_012345678901_".length)));
  });

  test("that cannot be kept is none", async () => {
    const { ring, store, told } = ringOf();
    store.failWith(new Error("ENOSPC"));
    await assert.rejects(ring.create(web), { message: "ENOSPC" });
    assert.deepEqual([ring.all, told], [[], []]);
  });

  test("outlives a restart, and so does its end", async () => {
    const { ring, store, isIn } = ringOf();
    const { key, text } = await ring.create(web);
    assert.ok(ringOf(store).isIn(text));
    await ring.revoke({ ...order, keyId: key.id });
    assert.ok(!isIn(text));
    assert.ok(!ringOf(store).isIn(text));
  });
});

describe("a revocation", () => {
  test("holds before a slow disk has kept it", async () => {
    const { ring, store, told, isIn } = ringOf();
    const { key, text } = await ring.create(web);
    const { go } = store.hold();
    const revoked = ring.revoke({ ...order, keyId: key.id });
    assert.ok(!isIn(text));
    assert.deepEqual(told, [1, 0]);
    go();
    assert.equal((await revoked).revoked?.by, "ada");
  });

  test("holds although the disk fails, and says that it will not last", async () => {
    const { ring, store, isIn } = ringOf();
    const { key, text } = await ring.create(web);
    store.failWith(new Error("ENOSPC"));
    await assert.rejects(ring.revoke({ ...order, keyId: key.id }), {
      message: /revoked in this instance.*restart/,
    });
    assert.ok(!isIn(text));
    store.failWith(undefined);
    await ring.create(web);
    assert.ok(!isIn(text));
  });

  test("that the disk has refused can be made to last once the disk is mended", async () => {
    const { ring, store, isIn } = ringOf();
    const { key, text } = await ring.create(web);
    store.failWith(new Error("ENOSPC"));
    for (const _ of [1, 2]) await assert.rejects(ring.revoke({ ...order, keyId: key.id }), /again/);
    assert.ok(!isIn(text));
    store.failWith(undefined);
    const { go } = store.hold();
    const again = ring.revoke({ ...order, by: "bob", keyId: key.id });
    assert.ok(!isIn(text));
    await assert.rejects(ring.revoke({ ...order, keyId: key.id }), { code: "conflict" });
    go();
    await again;
    assert.deepEqual(
      store.read().map((event) => [event.kind, "by" in event && event.by]),
      [
        ["key_created", "ada"],
        ["key_revoked", "bob"],
      ],
    );
    assert.ok(!ringOf(store).isIn(text));
    await assert.rejects(ring.revoke({ ...order, keyId: key.id }), { code: "conflict" });
  });

  test("of a key that is not there, or that is revoked, is refused", async () => {
    const { ring } = ringOf();
    const { key } = await ring.create(web);
    await assert.rejects(ring.revoke({ ...order, keyId: "nobody" }), { code: "not_found" });
    await ring.revoke({ ...order, keyId: key.id });
    await assert.rejects(ring.revoke({ ...order, keyId: key.id }), { code: "conflict" });
  });
});
