import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, test } from "node:test";
import { type Answered, assay, bearer, get, post, token, upstream } from "./admin-fixture.ts";

const reads = [
  "/admin/status",
  "/admin/audit",
  "/admin/experiments",
  "/admin/experiments/tone",
  "/admin/experiments/tone/explain?unit=u",
  "/admin/experiments/tone/records",
  "/admin/records",
];
const changes = [
  "/admin/kill",
  "/admin/revive",
  "/admin/experiments/tone/kill",
  "/admin/experiments/tone/revive",
  "/admin/reload",
];

describe("the admin token", () => {
  const wrong: Record<string, string>[] = [
    {},
    { authorization: `Bearer ${token}x` },
    { authorization: `Bearer ${token.slice(1)}` },
    { authorization: "Bearer " },
    { authorization: token },
    { authorization: `Basic ${btoa(`admin:${token}`)}` },
    { "x-api-key": token },
  ];
  for (const headers of wrong) {
    test(`is asked for on every route: ${JSON.stringify(headers).replaceAll(token, "<token>")}`, async () => {
      const answers = await Promise.all([
        ...reads.map((path) => get(path, headers)),
        ...changes.map((path) => post(path, {}, headers)),
      ]);
      for (const { status, body } of answers) {
        // Who fails too often is told so (admin-auth.test.ts).
        assert.ok(status === 401 || status === 429, String(status));
        assert.match(String(body.error?.code), /^(invalid_api_key|rate_limit_exceeded)$/);
        assert.ok(!JSON.stringify(body).includes(token));
      }
      assert.deepEqual(assay.app.killed(), []);
    });
  }

  test("opens every read", async () => {
    for (const path of reads) assert.equal((await get(path)).status, 200, path);
  });

  test("is not asked for by health and metrics", async () => {
    assert.deepEqual(await get("/healthz", {}), { status: 200, body: { status: "ok" } });
    assert.deepEqual(await get("/readyz", {}), { status: 200, body: { status: "ready" } });
    const metrics = await fetch(`${assay.adminUrl}/metrics`);
    assert.equal(metrics.status, 200);
    assert.match(metrics.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.match(await metrics.text(), /^# TYPE /m);
  });
});

describe("the admin listener", () => {
  const hostOf = (host: string, path = "/admin/status", more: Record<string, string> = {}) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { port, hostname } = new URL(assay.adminUrl);
      const sent = request({ port, hostname, path, agent: false, headers: { ...bearer, host, ...more } });
      sent.on("response", (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on("error", reject);
      sent.end();
    });

  test("refuses names that are not its own, so that a page that rebinds its name gets nothing", async () => {
    for (const host of [
      "evil.example",
      "evil.example:8485",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
    ]) {
      assert.equal(await hostOf(host), 421, host);
      assert.equal(await hostOf(host, "/metrics"), 421, host);
    }
  });

  test("answers to loopback's names", async () => {
    for (const host of ["localhost", "LOCALHOST:1", "127.0.0.1:8485", "[::1]:8485"]) {
      assert.equal(await hostOf(host), 200, host);
    }
  });

  test("refuses a browser's page, whatever its origin, and offers no CORS", async () => {
    assert.equal(await hostOf("localhost", "/admin/status", { origin: "https://evil.example" }), 421);
    const preflight = await fetch(`${assay.adminUrl}/admin/kill`, { method: "OPTIONS", headers: bearer });
    assert.equal(preflight.status, 404);
    assert.equal(preflight.headers.get("access-control-allow-origin"), null);
  });

  test("knows no other route, method or the data plane's routes", async () => {
    for (const path of ["/", "/admin", "/admin/none", "/v1/models", "/admin/experiments/tone/none"]) {
      const { status, body } = await get(path);
      assert.equal(status, 404, path);
      assert.equal(body.error?.code, "not_found", path);
    }
    assert.equal((await get("/admin/kill")).status, 404);
    assert.equal((await post("/admin/status")).status, 404);
  });
});

describe("what the admin API shows", () => {
  test("of the instance: version, revision, upstreams, switches", async () => {
    const { body } = await get("/admin/status");
    assert.equal(body.revision, assay.app.revision().id);
    assert.match(String(body.version), /^\d+\.\d+\.\d+/);
    assert.deepEqual(body.config_problems, []);
    assert.deepEqual(body.kill_switches, []);
    assert.deepEqual(body.upstreams, [{ name: "test", base_url: upstream.url, is_scripted: false }]);
    assert.equal(body.is_draining, false);
  });

  test("of an experiment: all but its secret", async () => {
    const { body } = await get("/admin/experiments/tone");
    assert.equal(body.id, "tone");
    assert.equal(body.controlId, "control");
    assert.ok(!JSON.stringify(body).includes("hashSecret"));
    assert.ok(!JSON.stringify(body).includes("ssss"));
    assert.ok(typeof body.allocation === "object" && body.allocation !== null);
    const all = await get("/admin/experiments");
    assert.deepEqual(all.body, { experiments: [body], metrics: {} });
  });

  test("of a unit: the variant that it gets, and why", async () => {
    const { body } = await get("/admin/experiments/tone/explain?unit=user-42");
    const response = await assay.chat({ model: "tone", user: "user-42", messages: [] });
    await response.text();
    assert.equal(body.variant, response.headers.get("x-assay-variant"));
    assert.equal(body.served, body.variant);
    assert.equal(body.reason, "split");
    assert.match(String(body.sentence), /user "user-42" stands at 0\.\d{4} of the line/);
  });

  test("of the latest requests: newest first, as many as asked for, without raw unit ids", async () => {
    const count = (await assay.records(0)).length;
    for (const user of ["rec-1", "rec-2", "rec-3"]) {
      await (await assay.chat({ model: "tone", user, messages: [] })).text();
    }
    await (await assay.chat({ model: "plain", messages: [] })).text();
    await assay.records(count + 4);
    const ofTone = await get("/admin/experiments/tone/records?limit=2");
    assert.ok(Array.isArray(ofTone.body.records));
    assert.equal(ofTone.body.records.length, 2);
    assert.ok(ofTone.body.records.every((record) => record.experimentId === "tone"));
    const all = await get("/admin/records?limit=1");
    assert.ok(Array.isArray(all.body.records));
    assert.deepEqual(
      all.body.records.map(({ requestModel, reason }) => [requestModel, reason]),
      [["plain", "no_experiment"]],
    );
    assert.ok(!JSON.stringify([ofTone.body, all.body]).includes("rec-"));
  });

  for (const limit of ["0", "-1", "1.5", "1001", "x", "1e9", "%20"]) {
    test(`not with limit=${limit}`, async () => {
      const { status, body } = await get(`/admin/records?limit=${limit}`);
      assert.equal(status, 400);
      assert.equal(body.error?.param, "limit");
    });
  }

  test("not for a unit that is not named", async () => {
    for (const query of ["", "?unit=", "?user=u"]) {
      const { status, body } = await get(`/admin/experiments/tone/explain${query}`);
      assert.deepEqual([status, body.error?.code], [400, "missing_required_parameter"]);
    }
  });
});

describe("unknown ids", () => {
  const cases: [string, () => Promise<Answered>, RegExp][] = [
    ["an experiment that is read", () => get("/admin/experiments/tonne"), /Did you mean "tone"/],
    ["its records", () => get("/admin/experiments/tonne/records"), /Did you mean "tone"/],
    ["its explanation", () => get("/admin/experiments/tonne/explain?unit=u"), /Did you mean "tone"/],
    ["an experiment to kill", () => post("/admin/experiments/tonne/kill"), /Did you mean "tone"/],
    ["a scope to kill", () => post("/admin/kill", { scope: "tonne" }), /Did you mean "tone"/],
    ["a variant to kill", () => post("/admin/kill", { scope: "tone/candidat" }), /Did you mean "candidate"/],
    [
      "a variant of the route's experiment",
      () => post("/admin/experiments/tone/kill", { variant: "zzz" }),
      /It has: control, candidate/,
    ],
    ["a name of every object", () => get("/admin/experiments/constructor"), /no experiment "constructor"/],
    ["a switch that is not on", () => post("/admin/revive", { scope: "tone" }), /on are: none/],
  ];
  for (const [name, ask, message] of cases) {
    test(`get 404 and a hint: ${name}`, async () => {
      const { status, body } = await ask();
      assert.equal(status, 404);
      assert.equal(body.error?.code, "not_found");
      assert.match(String(body.error?.message), message);
      assert.deepEqual(assay.app.killed(), []);
    });
  }

  test("the control cannot be killed: it is what a kill serves", async () => {
    const { status, body } = await post("/admin/kill", { scope: "tone/control" });
    assert.equal(status, 400);
    assert.match(String(body.error?.message), /"control" is the control/);
  });
});

describe("bad bodies", () => {
  const cases: [unknown, number, string][] = [
    ["{", 400, "invalid_json"],
    ["[]", 400, "invalid_type"],
    ["null", 400, "invalid_type"],
    ['"*"', 400, "invalid_type"],
    [{ scope: 1 }, 400, "invalid_value"],
    [{ scope: "" }, 400, "invalid_value"],
    [{ reason: "" }, 400, "invalid_value"],
    [{ reason: "x".repeat(501) }, 400, "invalid_value"],
    [{ by: ["ada"] }, 400, "invalid_value"],
    [{ reason: "x".repeat(70_000) }, 413, "request_too_large"],
  ];
  for (const [sent, status, code] of cases) {
    test(`kill nothing: ${JSON.stringify(sent).slice(0, 40)}`, async () => {
      const answer = await post("/admin/kill", sent);
      assert.deepEqual([answer.status, answer.body.error?.code], [status, code]);
      assert.deepEqual(Object.keys(answer.body.error ?? {}).toSorted(), ["code", "message", "param", "type"]);
      assert.deepEqual(assay.app.killed(), []);
    });
  }
});
