import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { audit } from "../../src/cli/audit.ts";
import { type Command, readArguments } from "../../src/cli/command.ts";
import { keys } from "../../src/cli/keys.ts";
import { status } from "../../src/cli/status.ts";
import { welcome } from "../../src/cli/welcome.ts";
import { adminToken, type KeyedApp, startKeyedApp } from "../http/keys-fixture.ts";
import { createIo } from "./io-fixture.ts";

let assay: KeyedApp;
before(async () => {
  assay = await startKeyedApp();
});
after(() => assay.close());

async function run(command: Command, argv: readonly string[], token: string = adminToken): Promise<string> {
  const { io, out } = createIo({ env: { ASSAY_ADMIN_TOKEN: token, ASSAY_ADMIN_URL: assay.adminUrl } });
  assert.equal(await command.run(readArguments(command, argv), io), 0);
  return out();
}

describe("assay keys", () => {
  test("makes a key that opens the door, shows it once, and revokes it by its id or its text", async () => {
    for (const handle of [(key: string) => key.split("_")[1] ?? "", (key: string) => key]) {
      const said = await run(keys, [
        "create",
        "--name",
        "web",
        "--experiments",
        "tone, length",
        "--expires",
        "90d",
      ]);
      const [key = ""] = /ask_\S+/.exec(said) ?? [];
      assert.match(said, /only time that it is shown/);
      assert.equal((await assay.ask("/models", key)).status, 200);
      const listed = await run(keys, ["list"]);
      assert.match(
        listed,
        /web {2}client {2}active {2}routes chat,.* experiments tone,length {2}expires 2\d{3}-/,
      );
      assert.ok(!listed.includes(key));
      await run(keys, ["revoke", handle(key), "--reason", `it leaked: ${key}`, "--by", "ada"]);
      assert.equal((await assay.ask("/models", key)).status, 401);
      const told = await run(audit, ["--limit", "1"]);
      assert.match(told, /key_revoked {2}by ada: it leaked: key [0-9a-f]{12} /);
      assert.ok(!told.includes(key));
    }
  });

  test("prints JSON when it is asked for it", async () => {
    const made = JSON.parse(
      await run(keys, [
        "create",
        "--name",
        "json",
        "--requests-per-minute",
        "5",
        "--usd-per-day",
        "2.5",
        "--json",
      ]),
    );
    assert.deepEqual([made.requests_per_minute, made.usd_per_day], [5, 2.5]);
    const { keys: all } = JSON.parse(await run(keys, ["list", "--json"]));
    assert.ok(all.some(({ id }: { id: string }) => id === made.id));
    assert.equal(JSON.parse(await run(audit, ["--json"])).events[0].kind, "key_created");
  });

  test("makes keys of operators, whose name stands in the audit trail beside what they say", async () => {
    const said = await run(keys, ["create", "--name", "on-call", "--role", "administer"]);
    const [key = ""] = /ask_\S+/.exec(said) ?? [];
    await run(keys, ["create", "--name", "shop", "--by", "ada"], key);
    assert.match(
      await run(audit, ["--limit", "1"]),
      /key_created {2}by on-call \(says ada\): no reason given/,
    );
  });

  for (const [argv, message] of [
    [[], /create, list or revoke/],
    [["make"], /create, list or revoke; it was "make"/],
    [["constructor"], /create, list or revoke/],
    [["list", "x"], /Unexpected argument "x"/],
    [["revoke"], /Name the key/],
    [["create"], /Name the key/],
    [["create", "--name", "a", "--role", "admin"], /--role must be one of client, read, operate, administer/],
    [["create", "--name", "a", "--concurrent", "many"], /--concurrent must be a number/],
    [["create", "--name", "a", "--expires", "soon"], /expires_at must be a time to come/],
    [["create", "--name", "a", "--routes", "chatt"], /Did you mean "chat"/],
  ] as const) {
    test(`refuses ${JSON.stringify(argv)}`, async () => {
      await assert.rejects(run(keys, argv), { message });
    });
  }
});

test("the status tells the keys, and the welcome how to make the first one", async () => {
  assert.match(await run(status, []), /^auth +\d+ client keys?, \d+ admin keys?$/m);
  for (const { id, status: state } of (await assay.admin("GET", "/admin/keys")).body.keys as {
    id: string;
    status: string;
  }[]) {
    if (state === "active") await assay.admin("DELETE", `/admin/keys/${id}`);
  }
  const app = { ...assay.app, host: "127.0.0.1", adminHost: "127.0.0.1", workers: 1 };
  const text = welcome(app);
  assert.match(text, /No client has a key yet, so all get 401\. .*npx assay keys create/);
  assert.match(text, /authorization: Bearer \$ASSAY_KEY/);
});
