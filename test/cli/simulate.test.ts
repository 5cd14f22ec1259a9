import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readArguments } from "../../src/cli/command.ts";
import { simulate } from "../../src/cli/simulate.ts";
import { Failure } from "../../src/domain/failure.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { unusedPort } from "../support/hostile-upstream.ts";
import { type ModelServer, startModelServer } from "../support/model-server.ts";
import { createIo } from "./io-fixture.ts";

const bin = join(import.meta.dirname, "../../bin/assay.js");
const folder = mkdtempSync(join(tmpdir(), "assay-simulate-"));
let upstream: ScriptedUpstream;
let models: ModelServer;
let app: TestApp;

const config = () => `
upstreams:
  main: { base_url: "${upstream.url}", retry: { base_ms: 1, max_ms: 5 } }
metrics:
  resolved: { kind: boolean }
  csat: { kind: number, minimum: 1, maximum: 5 }
  spent: { kind: number, minimum: 0 }
  topic: { kind: category, categories: { good: 1, so_so: 0.5, bad: 0 } }
  correct: { kind: correctness }
  clicks: { kind: boolean, per: request }
experiments:
  tone:
    unit: user
    variants: { control: { model: small }, candidate: { model: large } }
    fallback: [{ answer: "Later." }]
    analysis:
      minimum_units: 2
      goals: [resolved, csat, spent, topic]
      guardrails: [{ metric: error_rate, margin: 0.01 }]
  talk:
    unit: { type: session, from: [metadata.talk] }
    match: { models: [talk] }
    eligible:
      - { header: x-plan, in: [gold, silver] }
      - { metadata: country, exists: true }
      - { model: true, in: [talk] }
    variants: { control: { model: small }, candidate: { model: small } }
    analysis: { minimum_units: 2, goals: [resolved] }
  hidden:
    expose_assignment: false
    variants: { control: { model: small }, candidate: { model: large } }
    analysis: { goals: [clicks] }
  rescued:
    variants: { control: { model: "scripted-fault:server_error" }, candidate: { model: large } }
    fallback: [{ variant: candidate }]
    analysis: { minimum_units: 2, goals: [resolved] }
  iris:
    unit: request
    predict: { input: ./flower.json }
    variants: { control: { url: "${models.url}" }, candidate: { url: "${models.url}" } }
    analysis: { minimum_units: 2, goals: [correct] }
`;
const flower = {
  type: "object",
  required: ["petal_length", "colour", "leaves"],
  properties: {
    petal_length: { type: "number", minimum: 0.1, maximum: 7 },
    colour: { enum: ["blue", "white"] },
    leaves: { type: "array", items: { type: "integer", minimum: 1, maximum: 9 }, minItems: 2 },
  },
  additionalProperties: false,
};

before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  models = await startModelServer({ body: { prediction: "setosa" } });
  app = await startTestApp({ config: config(), files: { "flower.json": JSON.stringify(flower) } });
});
after(async () => {
  // Also where something did not start: what did would keep this file from ending.
  await Promise.all([app?.close(), upstream?.close(), models?.close()]);
  rmSync(folder, { recursive: true });
});

/** An option that `argv` has of its own is left to it: none may be given twice. */
const address = (argv: readonly string[] = []) => {
  const pairs: readonly [string, string][] = [
    ["--url", app.url],
    ["--admin", app.adminUrl],
    ["--config", join(app.folder, "assay.yaml")],
  ];
  return pairs.filter(([name]) => !argv.includes(name)).flat();
};
const paid = "--yes-spend-money";
/** Without anything that goes wrong on purpose. */
const calm = ["--faults", "0", "--abandon", "0", "--quiet"];

async function run(argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const written = createIo();
  const code = await simulate.run(readArguments(simulate, argv), written.io);
  return { code, out: written.out(), err: written.err() };
}

interface Simulated {
  readonly traffic: Record<string, number> & {
    readonly variants: Record<string, { readonly requests: number; readonly units: number }>;
    readonly assignments: Record<string, number>;
    readonly failures: Record<string, number>;
    readonly outcomes: { readonly stored: number; readonly duplicate: number; readonly refused: number };
  };
  readonly findings: readonly {
    readonly metric: string;
    readonly set: number;
    readonly found?: { readonly value: number };
    readonly reason?: string;
  }[];
  readonly report: {
    readonly variants: readonly {
      readonly variantId: string;
      readonly units: number;
      readonly requests: number;
    }[];
    readonly metrics: readonly {
      readonly metric: string;
      readonly arms: readonly { readonly variantId: string; readonly n: number; readonly value: number }[];
    }[];
  };
}

async function simulated(...argv: string[]): Promise<Simulated> {
  const { code, out } = await run([...argv, ...address(), paid, "--json"]);
  assert.equal(code, 0);
  return JSON.parse(out);
}

function armsOf({ report }: Simulated, name: string) {
  const { arms } = report.metrics.find(({ metric }) => metric === name) ?? assert.fail(`no ${name}`);
  return Object.fromEntries(arms.map(({ variantId, value, n }) => [variantId, { value, n }]));
}

async function refusal(...argv: string[]): Promise<string> {
  try {
    await run([...address(argv), paid, ...(argv.includes("--users") ? [] : ["--users", "1"]), ...argv]);
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    return thrown.message;
  }
  return assert.fail("it was not refused");
}

describe("assay simulate", () => {
  test("sends what was planned, and its outcomes reach the results", async () => {
    const settings = ["--users", "40", "--requests-per-user", "4", "--outcome-rate", "0.8", "--seed", "11"];
    const { traffic, report } = await simulated("tone", ...settings, ...calm);
    assert.equal(traffic.requests, traffic.planned);
    assert.equal(traffic.answered, traffic.planned);
    assert.equal(traffic.assignments.split, traffic.planned);
    assert.deepEqual(
      report.variants.map(({ variantId, units, requests }) => [variantId, { requests, units }]),
      ["control", "candidate"].map((id) => [id, traffic.variants[id]]),
    );
    const { stored, refused } = traffic.outcomes;
    assert.equal(refused, 0);
    const counted = ["resolved", "csat", "spent", "topic"].flatMap((name) =>
      report.metrics.filter(({ metric }) => metric === name).flatMap(({ arms }) => arms.map(({ n }) => n)),
    );
    const total = counted.reduce((sum, n) => sum + n, 0);
    // Several outcomes of one session or unit count as one.
    assert.ok(total <= stored && total > stored * 0.85, `${total} of ${stored}`);
  });

  test("gives the treatment exactly the effect that was set, where that leaves no choice", async () => {
    const settings = ["--mean", "resolved=0,csat=1", "--effect", "resolved=1,candidate/csat=4"];
    const found = await simulated("tone", "--users", "30", "--seed", "12", ...settings, ...calm);
    // Users of other tests answer as they like, and are not asked again.
    const fresh = await startTestApp({ config: config(), files: { "flower.json": JSON.stringify(flower) } });
    try {
      const argv = ["tone", "--users", "30", "--seed", "12", ...settings, ...calm, "--json", paid];
      const where = [
        "--url",
        fresh.url,
        "--admin",
        fresh.adminUrl,
        "--config",
        join(app.folder, "assay.yaml"),
      ];
      const alone: Simulated = JSON.parse((await run([...argv, ...where])).out);
      const [resolved, csat] = [armsOf(alone, "resolved"), armsOf(alone, "csat")];
      assert.deepEqual([resolved.control?.value, resolved.candidate?.value], [0, 1]);
      assert.equal(csat.control?.value, 1);
      assert.ok(Math.abs((csat.candidate?.value ?? 0) - 5) < 1e-9);
      assert.equal(alone.findings.find(({ metric }) => metric === "resolved")?.set, 1);
      assert.deepEqual(alone.traffic.variants, found.traffic.variants);
      assert.deepEqual(alone.traffic.outcomes, found.traffic.outcomes);
    } finally {
      await fresh.close();
    }
  });

  test("says that a kill switch is on", async () => {
    const fresh = await startTestApp({ config: config(), files: { "flower.json": JSON.stringify(flower) } });
    try {
      await fetch(`${fresh.adminUrl}/admin/experiments/tone/kill`, { method: "POST" });
      const where = [
        "--url",
        fresh.url,
        "--admin",
        fresh.adminUrl,
        "--config",
        join(app.folder, "assay.yaml"),
      ];
      const argv = [
        "tone",
        "--users",
        "20",
        "--mean",
        "resolved=0",
        "--effect",
        "resolved=1",
        ...calm,
        "--json",
      ];
      const { out, err } = await run([...argv, ...where, paid]);
      const killed: Simulated = JSON.parse(out);
      assert.deepEqual(Object.keys(killed.traffic.assignments), ["killed"]);
      assert.match(err, /kill switch is on/);
    } finally {
      await fresh.close();
    }
  });

  test("gives none to whom only a fallback brought the treatment", async () => {
    const settings = ["--users", "20", "--mean", "resolved=0", "--effect", "resolved=1", "--seed", "19"];
    const found = await simulated("rescued", ...settings, ...calm);
    assert.deepEqual(Object.keys(found.traffic.assignments).toSorted(), ["fallback", "split"]);
    const { control, candidate } = armsOf(found, "resolved");
    assert.deepEqual([control?.value, candidate?.value], [0, 1]);
  });

  test("carries the unit where the experiment looks for it, and meets its rules", async () => {
    const { traffic, report } = await simulated(
      "talk",
      "--users",
      "12",
      "--requests-per-session",
      "2",
      ...calm,
    );
    assert.deepEqual(traffic.assignments, { split: traffic.planned });
    const units = report.variants.reduce((sum, arm) => sum + arm.units, 0);
    assert.ok(units > 12, `${units} sessions`);
  });

  test("sends model servers inputs that their schema allows, and labels of their predictions", async () => {
    const settings = ["--users", "30", "--outcome-rate", "1", "--mean", "correct=0", "--effect", "correct=1"];
    const found = await simulated("iris", ...settings, ...calm);
    assert.equal(found.traffic.answered, found.traffic.planned);
    const { control, candidate } = armsOf(found, "correct");
    assert.deepEqual([control?.value, candidate?.value], [0, 1]);
    assert.equal((control?.n ?? 0) + (candidate?.n ?? 0), found.traffic.planned);
    const { stored, duplicate, refused } = found.traffic.outcomes;
    assert.deepEqual([stored, refused], [found.traffic.planned, 0]);
    assert.ok(duplicate > 0 && duplicate < 0.2 * stored, `${duplicate} of ${stored} were sent twice`);
  });

  test("says what a file says", async () => {
    const path = join(folder, "questions.jsonl");
    writeFileSync(
      path,
      '"Is this the only question?"\n\n{"messages":[{"role":"user","content":"Or this?"}],"model":"x"}\n',
    );
    await simulated("tone", "--users", "8", "--input", path, "--seed", "13", ...calm);
    const said = upstream.requests
      .slice(-8)
      .map(({ body }) => JSON.parse(body.toString()).messages.at(-1).content);
    assert.deepEqual([...new Set(said)].toSorted(), ["Is this the only question?", "Or this?"]);
  });

  test("goes through faults, streams and clients that hang up, and counts them", async () => {
    const settings = [
      "--faults",
      "0.3",
      "--abandon",
      "0.2",
      "--stream",
      "0.5",
      "--users",
      "20",
      "--seed",
      "14",
    ];
    const { traffic } = await simulated("tone", ...settings, "--quiet");
    const { requests, answered = 0, refused = 0, cut = 0, abandoned = 0, unreachable } = traffic;
    assert.equal(answered + refused + cut + abandoned, requests);
    assert.equal(unreachable, 0);
    assert.ok((traffic.retried ?? 0) > 0);
    const failures = Object.values(traffic.failures).reduce((sum, count) => sum + count, 0);
    assert.equal(failures, refused + cut);
  });

  test("raises the error rate of one variant by faults for its model", async () => {
    const found = await simulated(
      "tone",
      "--users",
      "40",
      "--effect",
      "error_rate=0.4",
      "--seed",
      "15",
      ...calm,
    );
    const { control, candidate } = armsOf(found, "error_rate");
    assert.ok((candidate?.value ?? 0) > (control?.value ?? 1) + 0.05, JSON.stringify({ control, candidate }));
    assert.equal(found.findings.find(({ metric }) => metric === "error_rate")?.set, 0.4);
  });

  test("says of a metric that counts something else that its effect cannot be compared", async () => {
    const { findings } = await simulated("hidden", "--users", "4", ...calm);
    assert.deepEqual(
      findings.map(({ metric, set }) => [metric, set]),
      [["clicks", 0]],
    );
    assert.match(await refusal("hidden", "--effect", "clicks=0.1"), /expose_assignment: true/);
  });

  test("ends with what assay results prints, the traffic, and the truth beside the findings", async () => {
    const fresh = await startTestApp({ config: config(), files: { "flower.json": JSON.stringify(flower) } });
    const where = ["--url", fresh.url, "--admin", fresh.adminUrl, "--config", join(app.folder, "assay.yaml")];
    const argv = ["tone", "--users", "10", "--seed", "16", ...where, paid];
    const { out, err } = await run(argv);
    const again = await run(argv);
    const others = await run(argv.with(argv.indexOf("16"), "17"));
    await fresh.close();
    assert.match(out, /^goals$[\s\S]*^traffic$[\s\S]*^what was set, and what the statistics found/m);
    assert.match(out, /^ {2}resolved candidate +set 0 +found .*inside/m);
    assert.doesNotMatch(out, /requests of before|others are in it too/);
    assert.doesNotMatch(err, /already/);
    assert.match(again.err, /^\d+ users are in its records already; .*--state-dir on an empty folder\.$/m);
    // What was true of those nobody knows, if not who runs it: it is not judged.
    assert.match(again.out, /^ {2}\d+ requests of before are in it too/m);
    assert.match(others.out, /^ {2}the statistics hold 20 users, and 10 were sent: others are in it too/m);
    // The same users came again: nobody else is in it.
    assert.doesNotMatch(again.out, /others are in it too/);
    assert.doesNotMatch(again.out, /inside/i);
    assert.match(out, /sample ratio: control \d+ users/);
    assert.match(
      err,
      /^\[█{20}\] (\d+) of \1 requests, [\d,]+\/s, \d+ failed, \d+ outcomes, \d+ s in all\n$/,
    );
  });

  test("ends before its time is over, and paces its requests", async () => {
    const argv = ["tone", "--users", "1000", "--duration", "0.3", "--rate", "20", "--seed", "17", ...calm];
    const { traffic } = await simulated(...argv);
    assert.ok((traffic.requests ?? 0) > 0 && (traffic.requests ?? 0) <= 7, `${traffic.requests} requests`);
    assert.ok((traffic.planned ?? 0) > 5000);
  });

  const misuse: [string[], RegExp][] = [
    [[], /^Name the experiment: assay simulate EXPERIMENT\. There are: .*tone/],
    [["tonne"], /Did you mean "tone"\?/],
    [["tone", "--users", "0"], /--users must be a number from 1 to 1000000; it was "0"/],
    [["tone", "--seed", "1.5"], /--seed must be a whole number/],
    [["tone", "--icc", "1"], /--icc must be a number from 0 to 0\.95/],
    [["tone", "--effect", "resolved"], /--effect must look like resolved=\+0\.05/],
    [["tone", "--effect", "resolve=0.1"], /"resolve", which no outcome can move\. Did you mean "resolved"\?/],
    [["tone", "--effect", "control/resolved=0.1"], /"control", which is no treatment\. There are: candidate/],
    [
      ["tone", "--effect", "resolved=0.5"],
      /out of reach, which is -0\.6 to \+0\.4: the control's mean is 0\.6/,
    ],
    [["tone", "--effect", "error_rate=-0.1"], /out of reach, which is 0 to \+1\./],
    [["tone", "--effect", "error_rate=0.99"], /--faults and the error_rate effects come to 1\.01/],
    [["talk", "--effect", "error_rate=0.1"], /need different chat models/],
    [["tone", "--mean", "csat=7"], /csat=7 is no mean that its values can have/],
    [["tone", "--mean", "candidate/csat=3"], /--mean is of the control/],
    [["tone", "--input", "/nowhere.jsonl"], /there is no such file/],
    [["tone", "--url", "localhost:8484"], /--url must be an address/],
  ];
  for (const [argv, message] of misuse) {
    test(`sends nothing for ${argv.join(" ") || "no experiment of several"}`, async () => {
      const before = upstream.requests.length;
      assert.match(await refusal(...argv), message);
      assert.equal(upstream.requests.length, before);
    });
  }

  test("sends nothing to an upstream that costs money, unless that is wanted", async () => {
    const argv = ["tone", "--users", "1", ...calm, ...address()];
    const before = upstream.requests.length;
    await assert.rejects(
      run(argv),
      /"main" at http:\/\/127\.0\.0\.1:\d+\/v1.* is not scripted: .*--yes-spend-money/,
    );
    assert.equal(upstream.requests.length, before);
  });

  test("says of a model server that leave is all that is needed, for it has no key to be without", async () => {
    const argv = ["iris", "--users", "1", ...calm, ...address()];
    await assert.rejects(run(argv), (thrown: Error) => {
      assert.match(thrown.message, /A model server is always a real one.*--yes-spend-money/);
      assert.doesNotMatch(thrown.message, /without its key/);
      return true;
    });
  });

  test("needs no leave where the upstream is scripted, and no experiment where there is one", async () => {
    const shipped = await startTestApp({
      config: `
upstreams: { openai: { base_url: "https://api.openai.com/v1", without_key: scripted } }
metrics: { resolved: { kind: boolean } }
experiments: { tone: { variants: { control: { model: gpt-4.1-mini }, candidate: { model: gpt-4.1-nano } } } }
`,
    });
    try {
      const where = [
        "--url",
        shipped.url,
        "--admin",
        shipped.adminUrl,
        "--config",
        join(shipped.folder, "assay.yaml"),
      ];
      const { code, out } = await run(["--users", "3", "--requests-per-user", "2", ...calm, ...where]);
      assert.equal(code, 0);
      assert.match(out, / requests: (\d+) answered, 0 refused/);
    } finally {
      await shipped.close();
    }
  });

  test("says how to reach a proxy that is not there", async () => {
    const nowhere = `http://127.0.0.1:${await unusedPort()}`;
    const [noProxy, noAdmin] = [
      ["--url", nowhere],
      ["--admin", nowhere],
    ];
    await assert.rejects(
      run(["tone", paid, ...address(noProxy), ...noProxy]),
      /No proxy answers at http:\/\/127\.0\.0\.1:\d+ \(--url, ECONNREFUSED\); start one by "npx assay serve --config .*assay\.yaml", or name another by --url/,
    );
    await assert.rejects(run(["tone", paid, ...address(noAdmin), ...noAdmin]), /No admin API answers at/);
  });

  test("prints what there is on Ctrl-C", async () => {
    const argv = ["simulate", "tone", "--users", "9999", "--rate", "50", "--seed", "18", ...address(), paid];
    const { PATH = "" } = process.env;
    const child = spawn(process.execPath, [bin, ...argv], { cwd: folder, env: { PATH } });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      err += text;
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    const seen = upstream.requests.at(-1);
    const deadline = AbortSignal.timeout(30_000);
    while (upstream.requests.at(-1) === seen && !deadline.aborted) await new Promise(setImmediate);
    child.kill("SIGINT");
    assert.equal(await ended, 0, err);
    assert.match(err, /stopping: what has begun is waited for/);
    assert.match(out, /^ {2}\d+ requests of [\d,]+ planned: /m);
    assert.match(out, /what was set, and what the statistics found/);
  });
});
