/** Looks for canaries in the bytes of every sink, after they went through every field. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer, until } from "../cluster/server-fixture.ts";
import { type ModelServer, startModelServer } from "../support/model-server.ts";
import { type ObservedApp, startObservedApp } from "../telemetry/observed-app.ts";
import { sendEverything, startTellingUpstream } from "./canary-traffic.ts";
import { canaries, everything, leaksIn, ownPatterns } from "./canary-words.ts";

const bin = fileURLToPath(new URL("../../bin/assay.js", import.meta.url));

const configFor = (upstreamUrl: string, modelServerUrl: string, content: string) => `
upstreams: { main: { base_url: "${upstreamUrl}", retry: { max_attempts: 1 } } }
telemetry: { content: ${content} }
${ownPatterns}
experiments:
  tone:
    match: { models: [tone] }
    variants: { control: { model: gpt-4.1 } }
    output: { schema: { title: verdict, type: object, additionalProperties: { type: number } }, on_invalid: pass }
  asks:
    match: { models: [asks] }
    variants: { control: { model: gpt-4.1, prompt: reply@v1 } }
  churn:
    predict: { input: { title: customer, type: object, properties: { age: { type: number } } } }
    variants: { control: { url: "${modelServerUrl}" } }
metrics:
  kind: { kind: category, categories: { good: 1, bad: 0 } }
  label: { kind: correctness }
  stars: { kind: number }
`;

const prompt =
  "---\ndescription: A reply.\ncombine: prepend\nvariables: { type: object, properties: { name: { type: string } } }\n---\n## system\nAnswer {{name}}.\n";

const adminPaths = [
  "/metrics",
  "/admin/records?limit=1000",
  "/admin/status",
  "/admin/audit",
  "/admin/experiments",
  ...["tone", "asks", "churn"].flatMap((id) => [
    `/admin/experiments/${id}`,
    `/admin/experiments/${id}/records`,
    `/admin/experiments/${id}/results?metrics=all`,
    `/admin/experiments/${id}/stats`,
  ]),
];

/** The journal and the store among them; keys of our own are no canary. */
function bytesBelow(folder: string): string {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

function exported(folder: string, what: string, format: string): Promise<string> {
  const args = [bin, "export", "--config", join(folder, "assay.yaml"), "--what", what, "--format", format];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      error === null ? resolve(stdout + stderr) : reject(new Error(stderr, { cause: error })),
    );
  });
}

const startPredictions = () =>
  startModelServer({
    headers: { "x-request-id": canaries.email ?? "" },
    body: { prediction: everything, model_version: canaries.email, [canaries.email ?? ""]: everything },
  });

for (const content of ["off", "redacted"]) {
  describe(`with content ${content}, no canary`, () => {
    const sinks = new Map<string, string>();
    const servers: ModelServer[] = [];
    const folder = mkdtempSync(join(tmpdir(), "assay-canaries-"));
    let app: ObservedApp;

    before(async () => {
      const [upstream, predictions] = [await startTellingUpstream(), await startPredictions()];
      servers.push(upstream, predictions);
      app = await startObservedApp({
        config: () => configFor(upstream.url, predictions.url, content),
        files: { "prompts/reply/v1.md": prompt },
        storeEngine: "sqlite",
        folder,
      });
      await sendEverything(app.url);
      await app.records(30);
      for (const path of adminPaths) sinks.set(path, await (await fetch(`${app.adminUrl}${path}`)).text());
      await app.end();
      sinks.set("the log", app.logs.join(""));
      sinks.set("the state folder", bytesBelow(join(folder, ".assay")));
      sinks.set("what OTLP sent", app.sink.bytes().toString("utf8"));
      sinks.set("the export of records", await exported(folder, "records", "jsonl"));
      sinks.set("the export of outcomes", await exported(folder, "outcomes", "csv"));
    });
    after(async () => {
      await app.close();
      await Promise.all(servers.map((server) => server.close()));
      rmSync(folder, { recursive: true, force: true });
    });

    test("is in any sink", () => {
      const leaks = [...sinks].flatMap(([name, text]) => leaksIn(text).map((leak) => `${name}: ${leak}`));
      assert.deepEqual(leaks, []);
    });

    test("was missing because nothing had been sent", () => {
      for (const server of servers) assert.ok(server.seen.length > 0);
      for (const rule of ["email", "employee"]) {
        for (const name of ["the state folder", "what OTLP sent", "the export of records"])
          assert.match(sinks.get(name) ?? "", new RegExp(`\\[${rule}:[0-9a-f]{8}\\]`), `${rule} in ${name}`);
        assert.match(sinks.get("/metrics") ?? "", new RegExp(`assay_redactions_total\\{[^}]*rule="${rule}"`));
      }
      assert.match(sinks.get("the export of outcomes") ?? "", /\[password:[0-9a-f]{8}\]/);
      assert.equal(/\[us_ssn:[0-9a-f]{8}\]/.test(sinks.get("what OTLP sent") ?? ""), content === "redacted");
    });
  });
}

test("patterns of a reload hold for what comes after, and a bad one leaves them as they are", async () => {
  const upstream = await startTellingUpstream();
  const config = (patterns: string) => `
upstreams: { main: { base_url: "${upstream.url}", retry: { max_attempts: 1 } } }
${patterns}
`;
  const app = await startObservedApp({ config: () => config("") });
  try {
    const reload = async (patterns: string) => {
      app.write("assay.yaml", config(patterns));
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ by: "ada", reason: "patterns" });
      return (await fetch(`${app.adminUrl}/admin/reload`, { method: "POST", headers, body })).status;
    };
    const recorded: (string | undefined)[] = [];
    const ask = async () => {
      await (await app.chat({ model: "of:EMP-004211", messages: [] })).text();
      const records = await app.records(recorded.length + 1);
      recorded.push(records.at(-1)?.requestModel.replace(/:[0-9a-f]{8}/, ""));
    };
    await ask();
    assert.equal(await reload(ownPatterns), 200);
    await ask();
    assert.equal(await reload('redaction: { patterns: { employee: { pattern: "(a" } } }'), 400);
    await ask();
    assert.equal(await reload(""), 200);
    await ask();
    assert.deepEqual(recorded, ["of:EMP-004211", "of:[employee]", "of:[employee]", "of:EMP-004211"]);
  } finally {
    await app.close();
    await upstream.close();
  }
});

test("several workers let out no canary either", async () => {
  const [upstream, predictions] = [await startTellingUpstream(), await startPredictions()];
  const config = configFor(upstream.url, predictions.url, "off").replace(", prompt: reply@v1", "");
  const server = await startServer({ config });
  try {
    await sendEverything(server.url);
    const answers = await Promise.all(
      adminPaths.map(async (path) => (await fetch(`${server.adminUrl}${path}`)).text()),
    );
    await until("the records", async () =>
      (await (await fetch(`${server.adminUrl}/admin/records?limit=1000`)).text()).includes("[employee:"),
    );
    assert.deepEqual(
      leaksIn([...answers, server.words(), bytesBelow(join(server.folder, ".assay"))].join("\n")),
      [],
    );
  } finally {
    await server.stop();
    await Promise.all([upstream.close(), predictions.close()]);
  }
});
