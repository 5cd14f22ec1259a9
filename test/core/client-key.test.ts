import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  bearerToken,
  createKeyText,
  digestOfSecret,
  keysAfter,
  parseKeyText,
  writeKeyText,
} from "../../src/core/client-key.ts";
import { createKeyTable } from "../../src/core/client-key-table.ts";
import type { ClientKey } from "../../src/domain/client-key.ts";
import type { ControlEvent } from "../../src/domain/control.ts";

const text = createKeyText(randomBytes);
const key: ClientKey = {
  id: text.id,
  name: "web",
  role: "client",
  digest: digestOfSecret(text.secret),
  scope: { routes: ["chat"] },
  limits: {},
  createdAt: 5,
};
const table = createKeyTable([key]);
const identify = (authorization: string | undefined, now = 10) => table.identify(authorization, now);

describe("the text of a key", () => {
  test("is its id and 256 random bits, and is read back", () => {
    const written = writeKeyText(text);
    assert.match(written, /^ask_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(parseKeyText(written), text);
    assert.notEqual(writeKeyText(createKeyText(randomBytes)), written);
  });

  test("has the digest that the world knows for its secret", () => {
    // FIPS 180-4, the example of "abc".
    assert.equal(digestOfSecret("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});

describe("a header of authorization", () => {
  test("names the key, whatever the case of its scheme", () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      assert.deepEqual(identify(`${scheme} ${writeKeyText(text)}`), { kind: "known", key });
    }
  });

  test("is none, malformed or unknown otherwise", () => {
    assert.deepEqual(identify(undefined), { kind: "missing" });
    assert.deepEqual(identify(""), { kind: "missing" });
    for (const wrong of ["Bearer", "Bearer ", "Bearer sk-x", "Basic YTpi", writeKeyText(text)]) {
      assert.deepEqual(identify(wrong), { kind: "malformed" }, wrong);
    }
    const other = createKeyText(randomBytes);
    assert.deepEqual(identify(`Bearer ${writeKeyText(other)}`), { kind: "unknown" });
    assert.deepEqual(identify(`Bearer ${writeKeyText({ ...other, id: text.id })}`), { kind: "unknown" });
  });

  test("of any bytes lets nobody in and throws nothing", () => {
    const near = fc
      .tuple(fc.nat(70), fc.string({ unit: "binary", maxLength: 3 }))
      .map(
        ([at, put]) =>
          `Bearer ${writeKeyText(text)}`.slice(0, at) + put + `Bearer ${writeKeyText(text)}`.slice(at + 1),
      );
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), near), (header) => {
        const isKey = bearerToken(header) === writeKeyText(text);
        return (identify(header).kind === "known") === isKey;
      }),
      { numRuns: 3000 },
    );
  });

  test("is judged in the time that its length takes", () => {
    assert.equal(identify(`Bearer ${" ".repeat(16_000)}x`).kind, "malformed");
    assert.equal(identify(`Bearer ask_${"0".repeat(16_000)}`).kind, "malformed");
  });

  test("lets an expired key in no more, and says so to who has its secret alone", () => {
    const expired = createKeyTable([{ ...key, expiresAt: 100 }]);
    const header = `Bearer ${writeKeyText(text)}`;
    assert.equal(expired.identify(header, 99).kind, "known");
    assert.deepEqual(expired.identify(header, 100), { kind: "expired", at: 100 });
    const guess = `Bearer ${writeKeyText({ ...createKeyText(randomBytes), id: text.id })}`;
    assert.deepEqual(expired.identify(guess, 100), { kind: "unknown" });
  });
});

test("the keys after some events are those that were made, with what became of them", () => {
  const who = { by: "ada", reason: "because" };
  const events: ControlEvent[] = [
    { kind: "key_revoked", at: 1, ...who, keyId: "unheard-of" },
    { kind: "key_created", at: 2, ...who, key },
    { kind: "key_created", at: 3, ...who, key: { ...key, id: "other" } },
    { kind: "key_revoked", at: 4, ...who, keyId: key.id },
    { kind: "key_revoked", at: 9, ...who, keyId: key.id },
  ];
  assert.deepEqual(
    keysAfter(events).map((state) => [state.key.id, state.revoked?.at]),
    [
      [key.id, 4],
      ["other", undefined],
    ],
  );
});
