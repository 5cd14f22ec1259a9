import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { defaultUnitSources, findUnit } from "../../src/core/unit.ts";
import type { UnitType } from "../../src/domain/config.ts";

type Values = Readonly<Record<string, string>>;

const lookAt = ({ header = {}, metadata = {}, body = {}, baggage = {} }: Record<string, Values>) => ({
  requestId: "req_1",
  header: (name: string) => header[name],
  metadata: (key: string) => metadata[key],
  body: (field: string) => body[field],
  baggage: (key: string) => baggage[key],
});

const find = (unit: UnitType, values: Record<string, Values>) =>
  findUnit({ unit, unitSources: defaultUnitSources(unit) }, lookAt(values));

describe("findUnit", () => {
  const everywhere = {
    header: { "x-assay-user": "h", "x-assay-session": "hs" },
    metadata: { user_id: "mi", user: "m", session_id: "ms" },
    body: { safety_identifier: "s", user: "u", prompt_cache_key: "p" },
    baggage: { "user.id": "b", "org.id": "bo", "session.id": "bs" },
  };

  test("takes the first source that has an id", () => {
    const order = ["h", "mi", "m", "s", "u", "b"];
    const kept = structuredClone(everywhere) as Record<string, Record<string, string>>; // widened so that ids can go
    for (const expected of order) {
      assert.equal(find("user", kept)?.id, expected);
      for (const values of Object.values(kept)) {
        for (const [key, id] of Object.entries(values)) if (id === expected) delete values[key];
      }
    }
    assert.equal(find("user", kept), undefined);
  });

  test("says where the id was found, and of which type it is", () => {
    assert.deepEqual(find("session", { body: { prompt_cache_key: "p" } }), {
      type: "session",
      id: "p",
      source: { kind: "body", field: "prompt_cache_key" },
    });
    assert.deepEqual(find("org", everywhere), {
      type: "org",
      id: "bo",
      source: { kind: "baggage", key: "org.id" },
    });
  });

  test("never takes the id of another unit type", () => {
    assert.equal(find("org", { ...everywhere, baggage: {} }), undefined);
    assert.equal(find("user", { body: { prompt_cache_key: "p" } }), undefined);
  });

  test("passes over blank ids", () => {
    const found = find("user", {
      header: { "x-assay-user": "" },
      metadata: { user_id: "  " },
      body: { user: "u" },
    });
    assert.equal(found?.id, "u");
  });

  test("keeps an id as it came, letter by letter", () => {
    assert.equal(find("user", { header: { "x-assay-user": " Ünï 😀" } })?.id, " Ünï 😀");
  });

  test("takes the request itself where requests are randomised", () => {
    assert.deepEqual(find("request", everywhere), {
      type: "request",
      id: "req_1",
      source: { kind: "request" },
    });
  });
});
