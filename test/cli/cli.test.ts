import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { unusedPort } from "../support/hostile-upstream.ts";

const bin = join(import.meta.dirname, "../../bin/assay.js");
const folder = mkdtempSync(join(tmpdir(), "assay-cli-"));
after(() => rmSync(folder, { recursive: true }));

const good = `upstreams:
  main: { base_url: http://127.0.0.1:9/v1 }
experiments:
  tone:
    variants:
      control: { model: small }
      candidate: { model: large }
`;
const bad = good.replace("model: small", "modle: small").replace("tone:", "tone:\n    coverage: 2");

function write(name: string, text: string): string {
  const path = join(folder, name, "assay.yaml");
  mkdirSync(join(folder, name));
  writeFileSync(path, text);
  return path;
}
const goodPath = write("good", good);
const badPath = write("bad", bad);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command to its end, with nothing of this process's environment but what a program needs. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env: { PATH, ...env } });
  let out = "";
  let err = "";
  child.stdout.on("data", (text) => {
    out += text;
  });
  child.stderr.on("data", (text) => {
    err += text;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

describe("the command line", { concurrency: true }, () => {
  test("tells its commands and its version", async () => {
    const [help, bare, version] = await Promise.all([run(["--help"]), run([]), run(["--version"])]);
    assert.equal(help.code, 0);
    assert.equal(bare.out, help.out);
    for (const name of ["serve", "check", "explain", "kill", "revive", "status"]) {
      assert.match(help.out, new RegExp(`^  ${name} `, "m"));
    }
    assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  });

  test("tells every command's options", async () => {
    const names = ["serve", "check", "explain", "kill", "revive", "status"];
    const helps = await Promise.all(names.map((name) => run([name, "--help"])));
    for (const [at, { code, out, err }] of helps.entries()) {
      assert.deepEqual([code, err], [0, ""]);
      assert.match(out, new RegExp(`^assay ${names[at]}: .+\n\nUsage: assay ${names[at]} `));
      assert.match(out, /^ {2}--/m);
    }
  });

  const misuse: [string[], RegExp][] = [
    [["serv"], /no command "serv"\. Did you mean "serve"\?/],
    [["constructor"], /no command "constructor"/],
    [["check", "--nope"], /--nope[\s\S]*See: assay check --help/],
    [["results", "x", "--wach"], /There is no option "--wach"\. Did you mean "--watch"\?/],
    [["serve", "--workers", "-1"], /--workers must be "auto" or 1 to 256; it was "-1"/],
    [["check", "-x"], /There is no option "-x"\./],
    [["simulate", "--effect", "a=1", "--effect=b=2"], /--effect was given twice; .*separated by commas/],
    [["check", "a", "b"], /Unexpected argument "b"/],
    [["serve", "--port", "http"], /--port must be a port, 0 to 65535; it was "http"/],
    [["serve", "--port", "65536"], /it was "65536"/],
    [["explain", "--unit", "u"], /Name both: --experiment ID and --unit ID/],
  ];
  for (const [args, message] of misuse) {
    test(`ends with 2, and nothing on stdout: ${args.join(" ")}`, async () => {
      const { code, out, err } = await run(args);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, message);
      assert.doesNotMatch(err, /\n {4}at /);
    });
  }

  test("says so in one line on a Node that is too old", (t) => {
    const old = (process.env.PATH ?? "")
      .split(delimiter)
      .map((directory) => join(directory, "node"))
      .find((node) =>
        /^v(1\d|2[0-3])\./.test(spawnSync(node, ["--version"], { encoding: "utf8" }).stdout ?? ""),
      );
    if (old === undefined) return t.skip("there is no older node on the PATH");
    const { status, stderr } = spawnSync(old, [bin, "serve"], { encoding: "utf8" });
    assert.equal(status, 2);
    assert.match(stderr, /^assay needs Node 24 or newer and this is \d+\.\d+\.\d+; [^\n]*\n$/);
  });
});

describe("assay check", { concurrency: true }, () => {
  test("ends with 0 and counts what is there", async () => {
    const { code, out } = await run(["check", goodPath]);
    assert.equal(code, 0);
    assert.match(out, /: ok, revision [0-9a-f]{12}: 1 experiment, 0 prompt versions, 1 upstream\n$/);
  });

  test("takes the file of --config, of ASSAY_CONFIG, or ./assay.yaml", async () => {
    const ran = await Promise.all([
      run(["check", "--config", goodPath]),
      run(["check"], { ASSAY_CONFIG: goodPath }),
      run(["check"]),
    ]);
    assert.deepEqual(
      ran.map(({ code }) => code),
      [0, 0, 2],
    );
  });

  test("ends with 2 and lists every problem with its place", async () => {
    const { code, out, err } = await run(["check", badPath]);
    assert.equal(code, 2);
    assert.match(out, /assay\.yaml:5:15 .*\n/);
    assert.match(out, /assay\.yaml:7:\d+ .*modle/);
    assert.ok(out.trim().split("\n").length >= 2);
    assert.match(err, /^\d+ problems\n$/);
  });

  test("prints JSON when asked", async () => {
    const [ok, refused] = await Promise.all([
      run(["check", goodPath, "--json"]),
      run(["check", badPath, "--json"]),
    ]);
    assert.deepEqual(JSON.parse(ok.out), { problems: [] });
    const [first] = JSON.parse(refused.out).problems;
    assert.deepEqual([first.line, first.column, refused.code], [5, 15, 2]);
  });
});

describe("assay explain", { concurrency: true }, () => {
  const asked = ["explain", "--config", goodPath, "--experiment", "tone", "--unit", "user-1"];

  test("says in a sentence, or in JSON, what a unit gets", async () => {
    const [text, json] = await Promise.all([run(asked), run([...asked, "--json"])]);
    const explained = JSON.parse(json.out);
    assert.equal(text.out, `${explained.sentence}\n`);
    assert.match(text.out, /^user "user-1" stands at 0\.\d{4} of the line, in \[/);
    assert.equal(explained.reason, "split");
    assert.deepEqual([text.code, json.code], [0, 0]);
  });

  test("knows the kill switches of the environment", async () => {
    const { out } = await run([...asked, "--json"], { ASSAY_KILL_SWITCH: "tone" });
    const { served, reason } = JSON.parse(out);
    assert.deepEqual([served, reason], ["control", "killed"]);
  });

  test("ends with 2 for an unknown experiment, and for a bad configuration", async () => {
    const [unknown, refused] = await Promise.all([
      run(["explain", "--config", goodPath, "--experiment", "tonne", "--unit", "u"]),
      run(["explain", "--config", badPath, "--experiment", "tone", "--unit", "u"]),
    ]);
    assert.deepEqual([unknown.code, refused.code], [2, 2]);
    assert.match(unknown.err, /Did you mean "tone"/);
    assert.match(refused.err, /assay\.yaml:5:15 /);
  });
});

describe("assay serve", () => {
  let server: ChildProcess;
  let banner = "";
  let admin = "";

  before(async () => {
    const args = ["serve", "--config", goodPath, "--port", "0", "--admin-port", "0"];
    const { PATH = "" } = process.env;
    const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
    const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env: { PATH }, stdio });
    server = child;
    for await (const text of child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
      banner += text;
      if (banner.includes("npx assay revive")) break;
    }
    admin = /admin (http:\/\/\S+)/.exec(banner)?.[1] ?? "";
  });
  after(() => {
    server?.kill("SIGKILL");
  });

  test("greets with its addresses, a request to try, the change to the code, and the way out", () => {
    assert.match(
      banner,
      /Assay serves http:\/\/127\.0\.0\.1:\d+\/v1 {3}admin http:\/\/127\.0\.0\.1:\d+ {3}revision [0-9a-f]{12}/,
    );
    assert.match(banner, /curl -i http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions/);
    assert.match(
      banner,
      /^\+ const client = new OpenAI\(\{ baseURL: "http:\/\/127\.0\.0\.1:\d+\/v1", apiKey: "unused" \}\);$/m,
    );
    assert.match(banner, /npx assay kill tone --reason/);
  });

  test("obeys kill and revive, and tells status", async () => {
    const killed = await run(["kill", "tone", "--reason", "it hurts", "--by", "ada", "--admin", admin]);
    assert.deepEqual([killed.code, killed.err], [0, ""]);
    assert.match(killed.out, /killed "tone".*from the next request on/);
    const status = await run(["status"], { ASSAY_ADMIN_URL: admin });
    assert.match(status.out, /^kill switch {2}tone by ada \(admin\) at \S+: it hurts$/m);
    assert.match(status.out, /^store {8}ok, \d+ written, \d+ waiting, 0 dropped$/m);
    assert.match(status.out, /^upstream {5}main http:\/\/127\.0\.0\.1:9\/v1$/m);
    const explained = await run(["explain", "--config", goodPath, "--experiment", "tone", "--unit", "u"]);
    assert.match(explained.out, /a kill switch is on \(tone by ada: it hurts\)/);
    const revived = await run(["revive", "tone", "--admin", admin, "--json"]);
    assert.deepEqual(JSON.parse(revived.out), { revived: "tone", kill_switches: [] });
    const after = await run(["status", "--admin", admin, "--json"]);
    assert.deepEqual(JSON.parse(after.out).kill_switches, []);
  });

  test("refuses what it does not know, in its own words and with 2", async () => {
    const [unknown, control, nothing] = await Promise.all([
      run(["kill", "tonne", "--admin", admin]),
      run(["kill", "tone/control", "--admin", admin]),
      run(["revive", "tone", "--admin", admin]),
    ]);
    assert.deepEqual([unknown.code, control.code, nothing.code], [2, 2, 2]);
    assert.match(unknown.err, /Did you mean "tone"/);
    assert.match(control.err, /is the control/);
    assert.match(nothing.err, /on are: none/);
  });

  test("ends with 0 on SIGTERM", async () => {
    const ended = new Promise((resolve) => server.on("exit", resolve));
    server.kill("SIGTERM");
    assert.equal(await ended, 0);
  });

  test("keeps its records where --state-dir says", async () => {
    const path = write("elsewhere", good);
    const stateDir = join(folder, "rehearsal");
    const { PATH = "" } = process.env;
    const args = ["serve", "--config", path, "--port", "0", "--admin-port", "0", "--state-dir", stateDir];
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: folder,
      env: { PATH },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
    assert.ok(readdirSync(stateDir).length > 0);
    assert.equal(existsSync(join(folder, "elsewhere", ".assay")), false);
  });

  test("serves on when nobody reads its log any more, and logs that to nobody", async (t) => {
    if (!existsSync("/proc/self/io")) return t.skip("procfs does not count writes here");
    const { PATH = "" } = process.env;
    const args = ["serve", "--config", write("unread", good), "--port", "0", "--admin-port", "0"];
    const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env: { PATH } });
    t.after(() => child.kill("SIGKILL"));
    let welcome = "";
    for await (const text of child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
      welcome += text;
      if (welcome.includes("npx assay revive")) break;
    }
    const url = /admin (http:\/\/\S+)/.exec(welcome)?.[1] ?? "";
    child.stderr.destroy();
    // Switches are logged.
    await run(["kill", "tone", "--reason", "x", "--admin", url]);
    const asked = 100;
    const writes = () => Number(/syscw: (\d+)/.exec(readFileSync(`/proc/${child.pid}/io`, "utf8"))?.[1]);
    const before = writes();
    for (let time = 0; time < asked; time++) assert.equal((await fetch(`${url}/healthz`)).status, 200);
    // An answer is one write or two; a log that told of its own failure would write at every turn of the loop.
    assert.ok(writes() - before < 3 * asked, `${writes() - before} writes`);
  });

  test("does not start on a bad configuration, and shows every problem", async () => {
    const { code, err } = await run(["serve", "--config", badPath, "--port", "0"]);
    assert.equal(code, 2);
    assert.match(err, /assay\.yaml:5:15 [\s\S]*assay\.yaml:7:/);
  });
});

describe("commands for an instance that is not there", () => {
  test("say how to reach one, and end with 2", async () => {
    const { code, err } = await run(["status", "--admin", `http://127.0.0.1:${await unusedPort()}`]);
    assert.equal(code, 2);
    assert.match(
      err,
      /No admin API answers at http:\/\/127\.0\.0\.1:\d+ \(--admin\); start one by "npx assay serve"/,
    );
  });
});
