import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configWith, startTestApp } from "../support/app.ts";
import { assay, bearer, fromEnvironment, get, post, upstream, withToken } from "./admin-fixture.ts";

describe("a kill by the admin API", () => {
  const variantOf = async (user: string) => {
    const response = await assay.chat({ model: "tone", user, messages: [] });
    await response.text();
    return `${response.headers.get("x-assay-variant")} ${response.headers.get("x-assay-assignment")}`;
  };
  const candidate = async () => {
    for (let count = 0; ; count++) {
      const { body } = await get(`/admin/experiments/tone/explain?unit=u${count}`);
      if (body.variant === "candidate") return `u${count}`;
    }
  };

  const routes: [string, [string, unknown], [string, unknown]][] = [
    ["*", ["/admin/kill", { scope: "*" }], ["/admin/revive", { scope: "*" }]],
    ["tone", ["/admin/kill", { scope: "tone" }], ["/admin/revive", { scope: "tone" }]],
    ["tone", ["/admin/experiments/tone/kill", {}], ["/admin/experiments/tone/revive", {}]],
    [
      "tone/candidate",
      ["/admin/experiments/tone/kill", { variant: "candidate" }],
      ["/admin/experiments/tone/revive", { variant: "candidate" }],
    ],
  ];
  for (const [name, [kill, killBody], [revive, reviveBody]] of routes) {
    test(`holds for the very next request, and its revival too: ${name} by ${kill}`, async () => {
      const user = await candidate();
      const killed = await post(kill, killBody);
      assert.equal(killed.status, 200);
      assert.equal(killed.body.killed, name);
      assert.equal(await variantOf(user), "control killed");
      const { body } = await get(`/admin/experiments/tone/explain?unit=${user}`);
      assert.deepEqual([body.variant, body.served, body.reason], ["candidate", "control", "killed"]);
      const revived = await post(revive, reviveBody);
      assert.deepEqual(revived.body, { revived: name, kill_switches: [] });
      assert.equal(await variantOf(user), "candidate split");
    });
  }

  test("is told with who and why in the status, the experiment, the metrics, the log and the audit trail", async () => {
    const order = { scope: "tone", by: "ada", reason: "answers in rhyme" };
    const { body } = await post("/admin/kill", order);
    assert.deepEqual((await get("/admin/status")).body.kill_switches, body.kill_switches);
    assert.deepEqual((await get("/admin/experiments/tone")).body.kill_switches, body.kill_switches);
    const metrics = await (await fetch(`${assay.adminUrl}/metrics`)).text();
    assert.match(metrics, /kill_switch\S*\{[^}]*"tone"[^}]*\} 1/);
    assert.ok(
      assay.logs.some((line) => line.includes("kill switch on") && line.includes("answers in rhyme")),
    );
    await post("/admin/revive", { scope: "tone" }, { ...bearer, "x-assay-actor": "bob" });
    const { events } = (await get("/admin/audit?limit=2")).body;
    assert.ok(Array.isArray(events));
    assert.deepEqual(
      events.map(({ kind, by, reason }) => [kind, by, reason]),
      [
        ["revived", "bob", "no reason given"],
        ["killed", "ada", "answers in rhyme"],
      ],
    );
  });
});

describe("a reload by the admin API", () => {
  test("answers `unchanged`, `applied`, or 400 with every problem while the last good one stays", async () => {
    assert.equal((await post("/admin/reload")).body.result, "unchanged");
    const before = assay.app.revision().id;
    const good = configWith({
      upstreamUrl: upstream.url,
      experiment: `    hash_secret: ${fromEnvironment("HASH_SECRET")}\n    description: reloaded`,
      rest: withToken,
    });
    assay.write("assay.yaml", good);
    const applied = await post("/admin/reload", { by: "ada", reason: "new words" });
    assert.equal(applied.body.result, "applied");
    assert.notEqual(assay.app.revision().id, before);
    assay.write(
      "assay.yaml",
      good.replace("weight: 50", "weight: -1").replace("control: control", "control: none"),
    );
    const refused = await post("/admin/reload");
    assert.equal(refused.status, 400);
    assert.equal(refused.body.error?.code, "config_invalid");
    assert.match(String(refused.body.error?.message), /assay\.yaml:\d+:\d+ [\s\S]*assay\.yaml:\d+:\d+ /);
    assert.equal(assay.app.revision().id, applied.body.revision);
    const { config_problems } = (await get("/admin/status")).body;
    assert.ok(Array.isArray(config_problems) && config_problems.length >= 2);
    assay.write("assay.yaml", good);
    assert.equal((await post("/admin/reload")).body.result, "unchanged");
    assert.deepEqual((await get("/admin/status")).body.config_problems, []);
  });
});

describe("an admin listener without a token", () => {
  test("is open on loopback, and does not start anywhere else", async () => {
    const open = await startTestApp({ config: configWith({ upstreamUrl: upstream.url }) });
    try {
      assert.equal((await fetch(`${open.adminUrl}/admin/status`)).status, 200);
    } finally {
      await open.close();
    }
    for (const rest of ["server: { admin: { host: 0.0.0.0 } }", withToken]) {
      const config = configWith({ upstreamUrl: upstream.url, rest });
      const started = startTestApp({ config, env: { ADMIN_TOKEN: "too-short" }, folder: assay.folder });
      await assert.rejects(started, { code: "config_invalid", message: /token/ });
    }
  });
});
