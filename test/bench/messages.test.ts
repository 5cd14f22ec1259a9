import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { requestBodies } from "../../bench/messages.ts";

describe("requestBodies", () => {
  it("have the wanted size and say the wish last", () => {
    for (const bytes of [1_800, 20_000, 200_000]) {
      const bodies = requestBodies({ bytes, isStream: false, wish: "#delay=50#" }, "bench");
      assert.deepEqual([...new Set(bodies.map((body) => body.length))], [bytes]);
      const { messages } = JSON.parse(bodies[0]?.toString() ?? "");
      assert.ok(messages.at(-1).content.endsWith("#delay=50#"));
    }
  });

  it("are of 64 different units", () => {
    const bodies = requestBodies({ bytes: 1_800, isStream: true }, "bench");
    assert.equal(new Set(bodies.map((body) => JSON.parse(body.toString()).user)).size, 64);
  });
});
