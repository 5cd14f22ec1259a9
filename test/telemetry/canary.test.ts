/** Sends things that must never leave wherever a client or an upstream can put them, and looks through every sink. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type HostileUpstream, startHostileUpstream } from "../support/hostile-upstream.ts";
import { rawPost } from "../support/raw-post.ts";
import { ask, type ObservedApp, startObservedApp } from "./observed-app.ts";

const canaries = {
  key: "sk-proj-Canary0123456789abcdefghijklmnopqrstuvwxyzABCDEF",
  email: "canary.person@example.com",
  card: "4111111111111111",
  user: "canary-user-8731",
  upstreamKey: "canary-upstream-key-5521",
};

/** Every canary in one text, and set apart as people set them. */
const everything = `key ${canaries.key}, mail ${canaries.email}\n${canaries.card}`;

const config = (content: string, errors: string) => (upstreamUrl: string) =>
  `
upstreams:
  test: { base_url: "${upstreamUrl}", api_key: "\${KEY}", retry: { max_attempts: 1 } }
  failing: { base_url: "${errors}", retry: { max_attempts: 1 } }
default_upstream: test
models:
  failing: { upstream: failing }
experiments:
  tone:
    match: { models: [tone] }
    variants: { control: { model: gpt-4.1 } }
    output: { schema: { title: verdict, type: object, properties: { a: { type: object, additionalProperties: { type: number } } } }, on_invalid: pass }
telemetry: { content: ${content} }
store: { content: ${content === "redacted" ? "redacted" : "off"} }
metrics:
  kind: { kind: category, categories: { good: 1, bad: 0 } }
  label: { kind: correctness }
  stars: { kind: number }
`;

/** An upstream whose error repeats what it was sent, as some do. */
const startEcho = () =>
  startHostileUpstream((socket) => {
    const error = { message: `cannot serve ${everything}`, type: everything, code: everything };
    const body = JSON.stringify({ error });
    const head = ["HTTP/1.1 500 Oh", "content-type: application/json", `x-request-id: ${canaries.email}`];
    socket.write(`${head.join("\r\n")}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });

const headers = {
  "content-type": "application/json",
  "x-assay-user": canaries.user,
  "x-assay-rag-index-version": canaries.email,
  authorization: `Bearer ${canaries.key}`,
  cookie: `session=${canaries.key}`,
  "user-agent": canaries.email,
  "x-assay-prompt-variables": JSON.stringify({ name: canaries.email }),
  baggage: `user.id=${canaries.user}`,
};

const adminPaths = {
  metrics: "/metrics",
  "admin records": "/admin/records?limit=1000",
  "admin status": "/admin/status",
  "admin experiment": "/admin/experiments/tone",
  "admin results": "/admin/experiments/tone/results?metrics=all",
  "admin stats": "/admin/experiments/tone/stats",
  "admin audit": "/admin/audit",
};

const message = (content: string) => [{ role: "user", content }];

async function sendAll(app: ObservedApp): Promise<void> {
  const post = (body: unknown, path = "/chat/completions") =>
    rawPost({ url: `${app.url}${path}`, body, headers });
  const personal = { user: canaries.user, metadata: { mail: canaries.email, card: canaries.card } };
  await post(ask("tone", { messages: message(everything), ...personal }));
  await post(ask("tone", { messages: message(everything), stream: true, ...personal }));
  for (const model of [canaries.key, canaries.email, `gpt-${canaries.card}`, `gpt ${canaries.card}`]) {
    await post(ask(model, { messages: message(everything), ...personal }));
    await post(ask(`experiment/${model}`));
    await post(ask(`experiment/tone@${model}`));
  }
  await post(ask("failing", { messages: message(everything), ...personal }));
  await post(ask("failing", { messages: message(everything), stream: true, ...personal }));
  const invalid = JSON.stringify({ a: { [canaries.email]: "text", reply: everything } });
  app.upstream.setScript({ "gpt-4.1": [{ kind: "answer", content: invalid }] });
  await post(ask("tone"));
  await post({ input: everything, model: canaries.email }, "/embeddings");
  await sendOutcomes(post);
  await post({}, `/files/${canaries.email}`);
  await post({}, `/files/${encodeURIComponent(canaries.email)}?key=${canaries.key}`);
  await post({}, `/${canaries.email}`);
}

/** Right ones, and ones that are refused with their value in hand. */
async function sendOutcomes(post: (body: unknown, path: string) => Promise<unknown>): Promise<void> {
  const outcome = { user: undefined, metric: "stars", value: 1, comment: everything };
  await post({ ...outcome, unit: canaries.user, idempotency_key: canaries.key }, "/outcomes");
  await post({ ...outcome, session: canaries.email }, "/outcomes");
  await post({ unit: canaries.user, metric: "label", label: canaries.email }, "/outcomes");
  await post({ unit: canaries.user, metric: "kind", value: canaries.card }, "/outcomes");
  await post({ unit: canaries.user, metric: canaries.email, value: 1 }, "/feedback");
  await post({ request_id: canaries.key, metric: "stars", value: 1 }, "/outcomes");
  await post({ unit: canaries.user, metric: "stars", value: 1, [canaries.email]: 1 }, "/outcomes");
}

/** Every byte of the folder that Assay keeps its state in, keys included: they are no canary. */
function bytesBelow(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(folder, entry.name), "latin1"))
    .join("\n");
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** As it is, and as it looks within JSON or a URL. */
function spellings(canary: string): readonly string[] {
  return [canary, encodeURIComponent(canary), canary.replace("@", "\\u0040")];
}

for (const content of ["off", "metadata", "redacted"]) {
  describe(`with content ${content}, no canary`, () => {
    const sinks: Record<string, string> = {};
    let app: ObservedApp;
    let echo: HostileUpstream;
    const folder = mkdtempSync(join(tmpdir(), "assay-canary-"));

    before(async () => {
      echo = await startEcho();
      app = await startObservedApp({
        config: config(content, echo.url),
        env: { KEY: canaries.upstreamKey },
        storeEngine: "sqlite",
        folder,
      });
      await sendAll(app);
      await app.records(10);
      for (const [name, path] of Object.entries(adminPaths))
        sinks[name] = await textOf(`${app.adminUrl}${path}`);
      await app.end();
      sinks.log = app.logs.join("");
      sinks["the state folder"] = bytesBelow(join(folder, ".assay"));
      sinks["what OTLP sent"] = app.sink.bytes().toString("utf8");
    });
    after(async () => {
      await app.close();
      await echo.close();
      rmSync(folder, { recursive: true, force: true });
    });

    for (const name of [...Object.keys(adminPaths), "log", "the state folder", "what OTLP sent"]) {
      test(`is in ${name}`, () => {
        const text = sinks[name] ?? "";
        for (const [kind, canary] of Object.entries(canaries)) {
          for (const spelling of spellings(canary)) {
            const at = text.indexOf(spelling);
            assert.equal(at, -1, `${kind}: …${text.slice(Math.max(0, at - 120), at + 60)}…`);
          }
        }
      });
    }

    test("was missing because nothing had been sent", () => {
      const { spans } = app.sink;
      const names = spans.map((span) => span.name).join("\n");
      assert.match(names, /chat .*\[email:[0-9a-f]{8}\]/);
      const echoed = spans.filter(({ attributes }) => attributes["assay.upstream.name"] === "failing");
      assert.deepEqual([...new Set(echoed.map(({ status }) => status))], ["ERROR"]);
      assert.doesNotMatch(sinks["what OTLP sent"] ?? "", /cannot serve/);
      const rules = spans.flatMap(({ attributes }) => attributes["assay.redaction.rules"] ?? []);
      for (const rule of ["api_key", "email", "payment_card"]) assert.ok(rules.includes(rule), rule);
      assert.match(sinks["the state folder"] ?? "", /\[email:[0-9a-f]{8}\]/);
      assert.match(sinks.metrics ?? "", /assay_redactions_total\{[^}]*rule="email"/);
      const messages = spans.filter(({ attributes }) => attributes["gen_ai.input.messages"] !== undefined);
      assert.equal(messages.length > 0, content !== "off");
    });
  });
}
