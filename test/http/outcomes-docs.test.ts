import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createIds } from "../../src/core/ids.ts";
import { parseOutcomes } from "../../src/core/outcome-body.ts";
import { configOf } from "../config/config-fixture.ts";

const page = readFileSync(new URL("../../docs/outcomes.md", import.meta.url), "utf8");

function blocksOf(language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(
    ([, code]) => code ?? "",
  );
}

const [metrics = "", ...others] = blocksOf("yaml");
const config = configOf(`upstreams: { main: {} }\n${metrics}`);
const rules = {
  metrics: config.metrics,
  unitTypes: ["user"] as const,
  retentionMs: config.store.retentionMs,
  now: Date.now(),
};

describe("the page on outcomes", () => {
  test("shows configurations that load", () => {
    for (const yaml of others) assert.ok(configOf(`upstreams: { main: {} }\n${yaml}`));
  });

  test("sends nothing by curl that would be refused", () => {
    const bodies = blocksOf("sh").flatMap((code) => [...code.matchAll(/outcomes .*?-d '(.*)'$/gms)]);
    assert.equal(bodies.length, 2);
    const requestId = createIds(Date.now).requestId();
    for (const [, body = ""] of bodies) {
      assert.ok(parseOutcomes(Buffer.from(body.replace("'$id'", requestId)), rules).drafts.length > 0);
    }
  });

  test("sends by JavaScript what an outcome has, for metrics that there are", () => {
    const sent = [...blocksOf("js"), ...blocksOf("html")].flatMap((code) => [
      ...code.matchAll(/\{ (request_id.*?) \}/g),
    ]);
    assert.equal(sent.length, 3);
    for (const [, members = ""] of sent) {
      const names = members.split(", ").map((member) => member.split(":")[0]);
      assert.deepEqual(names, ["request_id", "metric", "value"]);
      const [, metric = ""] = /metric: "(\w+)"/.exec(members) ?? [];
      assert.ok(config.metrics[metric], metric);
    }
  });

  test("names every member that an outcome has, and every kind, division and combination", () => {
    const names = "request_id session unit unit_type metric value label comment at idempotency_key";
    const words = "outcome request unit last first sum mean max";
    for (const word of `${names} ${words}`.split(" ")) assert.ok(page.includes(`\`${word}\``), word);
  });
});
