import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readArguments } from "../../src/cli/command.ts";
import { forget } from "../../src/cli/forget.ts";
import { createIo } from "../cli/io-fixture.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";
import { bearer, token, upstream, withToken } from "./admin-fixture.ts";

const user = "person-of-the-test-4711";

describe("a unit that is to be forgotten", () => {
  let assay: TestApp;
  before(async () => {
    const config = configWith({
      upstreamUrl: upstream.url,
      rest: `${withToken}\nmetrics:\n  resolved: { kind: boolean }`,
    });
    assay = await startTestApp({ config, env: { ADMIN_TOKEN: token }, storeEngine: "sqlite" });
  });
  after(() => assay.close());

  const chat = async (id: string) => {
    const response = await assay.chat({ model: "tone", user: id, messages: [] });
    await response.text();
    return response.headers.get("x-request-id") ?? "";
  };
  const rate = async (outcome: Record<string, unknown>) => {
    const response = await fetch(`${assay.url}/outcomes`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ metric: "resolved", value: true, ...outcome }),
    });
    assert.equal(response.status, 202);
  };
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = bearer,
  ) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${assay.adminUrl}${path}`, { method, headers, ...text });
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  const run = async (...argv: string[]) => {
    const written = createIo({ env: { ASSAY_ADMIN_TOKEN: token } });
    await forget.run(readArguments(forget, [...argv, "--admin", assay.adminUrl]), written.io);
    return written.out();
  };

  test("is, by the admin API, and the audit trail has its hash alone", async () => {
    const requestId = await chat(user);
    await chat("somebody else");
    await assay.records(2);
    await rate({ request_id: requestId });
    await rate({ unit: user, comment: "I am who I am" });
    const before = (await ask("GET", "/admin/experiments/tone/stats")).body;
    const order = { by: "ada", reason: "asked by letter" };
    const { status, body } = await ask("DELETE", `/admin/units/user/${user}`, order);
    assert.equal(status, 200);
    assert.deepEqual(body.forgotten, { records: 1, facts: 1, outcomes: 2, contents: 0, sessions: 0 });
    const { records } = (await ask("GET", "/admin/records")).body;
    assert.equal(records.length, 1);
    const stats = (await ask("GET", "/admin/experiments/tone/stats")).body;
    assert.notDeepEqual(stats, before);
    const [event] = (await ask("GET", "/admin/audit?limit=1")).body.events;
    assert.deepEqual(
      [event.kind, event.by, event.reason, event.unitHash, event.forgotten],
      ["unit_forgotten", "ada", "asked by letter", body.unit_hash, body.forgotten],
    );
    const state = join(assay.folder, ".assay");
    const files = readdirSync(state).map((name) => readFileSync(join(state, name)));
    assert.ok(!Buffer.concat(files).includes(user));
    assert.ok(!assay.logs.join("").includes(user));
  });

  test("is, by the command line, which asks to be sure", async () => {
    await chat("user:with/signs? %");
    await assay.records(2);
    await assert.rejects(run("--unit", "user:user:with/signs? %"), { message: /--yes/ });
    await assert.rejects(run("--unit", "42", "--yes"), { message: /--unit user:42/ });
    assert.equal(
      await run("--unit", "user:user:with/signs? %", "--yes"),
      "forgotten: 1 record and 0 outcomes\n",
    );
    assert.equal(await run("--unit", "user:user:with/signs? %", "--yes"), "nothing is kept of this unit\n");
    const answer = JSON.parse(await run("--unit", "user:nobody", "--yes", "--json"));
    assert.equal(answer.forgotten.records, 0);
  });

  test("may come again", async () => {
    await chat(user);
    await assay.records(2);
    assert.equal((await ask("DELETE", `/admin/units/user/${user}`)).body.forgotten.records, 1);
    await rate({ unit: user });
    assert.equal((await ask("DELETE", `/admin/units/user/${user}`)).body.forgotten.outcomes, 1);
  });

  test("is refused without a token, of an unknown type, and where it is nobody", async () => {
    const path = `/admin/units/user/${user}`;
    assert.equal((await ask("DELETE", path, undefined, {})).status, 401);
    const answers = await Promise.all(
      [`/admin/units/person/${user}`, `/admin/units/request/${user}`, "/admin/units/user/%20"].map((wrong) =>
        ask("DELETE", wrong),
      ),
    );
    for (const { status, body } of answers) {
      assert.equal(status, 400);
      assert.equal(body.error.code, "invalid_value");
      assert.ok(!JSON.stringify(body).includes(user));
    }
    const long = await ask("DELETE", `/admin/units/user/${"x".repeat(513)}`);
    assert.equal(long.status, 400);
    assert.equal((await ask("DELETE", path, { why: "" })).body.error.code, "unsupported_parameter");
    assert.equal((await ask("POST", path)).status, 404);
  });
});
