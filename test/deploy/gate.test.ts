/** A ramp's gate against a real Prometheus server, which watches itself. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createGateCaller } from "../../src/upstreams/prometheus-gate.ts";
import { unusedPort } from "../support/hostile-upstream.ts";
import { toolOptions } from "./deployed.ts";

const prometheus = toolOptions("prometheus", { required: true });
const folder = mkdtempSync(path.join(tmpdir(), "assay-gate-"));
const missed: string[] = [];
const gates = createGateCaller((_, why) => missed.push(why));
let server: ChildProcess | undefined;
let url = "";

const ask = (query: string) => gates.ask({ url, query, compare: "below", threshold: 0.5, timeoutMs: 5000 });

before(async () => {
  if (prometheus.skip !== false) return;
  const address = `127.0.0.1:${await unusedPort()}`;
  url = `http://${address}`;
  const config = path.join(folder, "prometheus.yml");
  writeFileSync(config, "global: { scrape_interval: 15s }\n");
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=${address}`,
  ];
  server = spawn("prometheus", flags, { stdio: "ignore" });
  for (let tries = 0; tries < 200; tries++) {
    const isReady = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await pause(50);
  }
  throw new Error("Prometheus does not get ready");
});

after(async () => {
  await gates.close();
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("the gate of a ramp and a Prometheus server", () => {
  test("agree on one value, as a vector and as a scalar", prometheus, async () => {
    assert.equal(await ask("vector(0.2)"), "passes");
    assert.equal(await ask("vector(0.7)"), "fails");
    assert.equal(await ask("scalar(vector(0.2))"), "passes");
  });

  test("pass nothing without one, and say why", prometheus, async () => {
    const cases: readonly [string, RegExp][] = [
      ['up{job="nobody"}', /gave 0 values/],
      ['vector(1) or label_replace(vector(2), "a", "b", "", "")', /gave 2 values/],
      ["vector(NaN)", /no number/],
      ["vector(1)[1m:]", /no number/],
      ["up{", /^it answered 400: .*parse error/],
    ];
    for (const [query, why] of cases) {
      missed.length = 0;
      assert.equal(await ask(query), "missing", query);
      assert.match(missed.join(), why, query);
    }
  });
});
