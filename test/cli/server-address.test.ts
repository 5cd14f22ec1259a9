import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { readArguments } from "../../src/cli/command.ts";
import { adminAddress, proxyAddress } from "../../src/cli/server-address.ts";
import { simulate } from "../../src/cli/simulate.ts";
import { status } from "../../src/cli/status.ts";
import { createIo } from "./io-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-address-"));
after(() => rmSync(folder, { recursive: true }));

function configWith(name: string, server: string): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    `auth: { mode: keys }\nserver: ${server}\nupstreams: { main: { base_url: "http://127.0.0.1:9/v1" } }\n`,
  );
  return path;
}

const token = "0123456789abcdef0123456789abcdef";
const own = configWith("own", "{ port: 9001, admin: { port: 9002 } }");
const wide = configWith(
  "wide",
  `{ host: "::", port: 9001, admin: { host: "0.0.0.0", port: 9002, token: "\${TOKEN}" } }`,
);
const any = configWith("any", "{ port: 0, admin: { port: 0 } }");
const broken = configWith("broken", "{ prot: 1 }");

const envOf = (change: Record<string, string>) => createIo({ env: { TOKEN: token, ...change } }).io;

describe("the address of a running instance", () => {
  test("is the option's, else the variable's, else the configuration's", () => {
    const args = (...argv: string[]) => readArguments(simulate, argv);
    const named = args("--admin", "http://a:1", "--url", "http://p:1", "--config", own);
    const env = { ASSAY_ADMIN_URL: "http://b:1", ASSAY_URL: "http://q:1" };
    assert.deepEqual(
      [adminAddress, proxyAddress].map((of) => of(named, envOf(env)).url),
      ["http://a:1", "http://p:1"],
    );
    const byShell = args("--config", own);
    assert.deepEqual(
      [adminAddress, proxyAddress].map((of) => of(byShell, envOf(env)).url),
      ["http://b:1", "http://q:1"],
    );
    const found = [adminAddress, proxyAddress].map((of) => of(byShell, envOf({})));
    assert.deepEqual(
      found.map(({ url, origin }) => [url, origin]),
      [
        ["http://127.0.0.1:9002", `server.admin.port of ${own}`],
        ["http://127.0.0.1:9001", `server.port of ${own}`],
      ],
    );
    assert.equal(found[0]?.startCommand, `npx assay serve --config ${own}`);
  });

  test("is read from ASSAY_CONFIG by a command that has no --config", () => {
    const found = adminAddress(readArguments(status, []), envOf({ ASSAY_CONFIG: own }));
    assert.equal(found.url, "http://127.0.0.1:9002");
  });

  test("is loopback's where the instance listens everywhere", () => {
    const args = readArguments(simulate, ["--config", wide]);
    assert.equal(adminAddress(args, envOf({})).url, "http://127.0.0.1:9002");
    assert.equal(proxyAddress(args, envOf({})).url, "http://127.0.0.1:9001");
  });

  test("is the default where the file does not load or does not tell it, and says why", () => {
    const found = (path: string) => adminAddress(readArguments(simulate, ["--config", path]), envOf({}));
    assert.deepEqual(
      [broken, any].map((path) => [found(path).url, found(path).origin]),
      [
        ["http://127.0.0.1:8485", `the default, for ${broken} does not load`],
        ["http://127.0.0.1:8485", `the default, for server.admin.port of ${any} is 0`],
      ],
    );
  });
});
