import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { createIds } from "../../src/core/ids.ts";
import { createRedactor } from "../../src/core/redaction.ts";
import { compileRevision } from "../../src/core/revision.ts";
import { unitHasher } from "../../src/core/unit-hash.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { OutcomeReceipt, OutcomeRecord } from "../../src/domain/outcome.ts";
import { Gate } from "../../src/http/gate.ts";
import { publicListener } from "../../src/http/public.ts";
import { createScopes } from "../../src/http/request-scope.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createOutgoing } from "../../src/telemetry/outgoing.ts";
import { createTracing } from "../../src/telemetry/tracing.ts";
import { configOf } from "../config/config-fixture.ts";
import { rawPost } from "../support/raw-post.ts";

const config = configOf(`upstreams: { main: {} }
server: { cors_origins: ["https://app.example.com"], limits: { body_bytes: 100000 } }
metrics:
  resolved: { kind: boolean }
  csat: { kind: number, minimum: 1, maximum: 5 }
experiments:
  tone: { variants: { control: { model: a }, warm: { model: b } } }
`);
const revision = compileRevision(config, "0".repeat(64), 0);
const ids = createIds(Date.now);
const unitHash = unitHasher("key");
const redactor = createRedactor();
const thumb = { metric: "resolved", value: true };

/** Keeps what it is given by its idempotency hash, as a store does, once `open` has resolved. */
const kept = new Map<string, OutcomeRecord>();
let open: () => Promise<void>;
let asked: () => void;
let gate: Gate;
const ends: { readonly route: string; readonly method: string; readonly record: string }[] = [];
const logged: string[] = [];

async function addOutcomes(outcomes: readonly OutcomeRecord[]): Promise<readonly OutcomeReceipt[]> {
  asked();
  await open();
  return outcomes.map((outcome): OutcomeReceipt => {
    const before = kept.get(outcome.idempotencyHash);
    if (before !== undefined) return { outcomeId: before.outcomeId, status: "duplicate" };
    kept.set(outcome.idempotencyHash, outcome);
    return { outcomeId: outcome.outcomeId, status: "stored" };
  });
}

const unused = () => {
  throw new Error("an outcome must not get here");
};
const now = () => performance.now();
const note = (message: string, facts?: unknown) => void logged.push(`${message} ${JSON.stringify(facts)}`);
const log = { debug: note, info: note, warn: note, error: note };

// The gate is a new one for each test: one of them shuts it.
const theGate = new Proxy(new Gate(), {
  get: (_, name) => {
    const member: unknown = Reflect.get(gate, name);
    return typeof member === "function" ? member.bind(gate) : member;
  },
});

const server = createHttpServer(
  publicListener({
    callerOf: () => ({ key: undefined }),
    gate: theGate,
    now,
    server: () => config.server,
    revision: () => revision,
    unready: () => undefined,
    isRefused: () => false,
    chat: unused,
    upstream: unused,
    takePermit: unused,
    requestId: ids.requestId,
    outcomeId: ids.requestId,
    unitHash,
    redact: (text) => redactor.redact(text).text,
    addOutcomes,
    openScope: createScopes({
      gate: theGate,
      ids,
      log,
      revision: () => revision,
      now,
      wallNow: Date.now,
      beginTrace: createTracing({
        makers: undefined,
        ids,
        outgoing: createOutgoing(redactor, () => {}),
        content: () => ({ content: "off", contentSample: 1, contentMaxChars: 2000 }),
      }).begin,
      unitHash,
      onEnd: (record, facts) => ends.push({ ...facts, record: JSON.stringify(record) }),
    }),
    listenerOf: (app) => getRequestListener(app.fetch as Parameters<typeof getRequestListener>[0]),
  }),
  100,
);
let base = "";

before(
  () =>
    new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        base = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
        resolve();
      });
    }),
);
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  gate = new Gate();
  kept.clear();
  ends.length = 0;
  logged.length = 0;
  open = async () => {};
  asked = () => {};
});

interface Posting {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function post(body: unknown, { path = "/v1/outcomes", method = "POST", headers = {} }: Posting = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = { method, headers: { "content-type": "application/json", ...headers } };
  return fetch(`${base}${path}`, method === "POST" ? { ...init, body: text } : init);
}

interface Told {
  readonly outcome_id?: string;
  readonly status?: string;
  readonly results?: readonly { readonly outcome_id: string; readonly status: string }[];
  readonly error?: { readonly code: string; readonly param: string | null; readonly message: string };
}

async function told(response: Response): Promise<Told> {
  // Tests look into whatever JSON came.
  return (await response.json()) as Told;
}

async function errorOf(response: Response): Promise<readonly unknown[]> {
  const { error } = await told(response);
  return [response.status, error?.code, error?.param];
}

describe("POST /v1/outcomes", () => {
  test("answers 202 with the id under which the outcome is kept", async () => {
    const requestId = ids.requestId();
    const response = await post({ request_id: requestId, ...thumb, comment: "mail me: jane@example.com" });
    assert.equal(response.status, 202);
    const [outcome] = kept.values();
    assert.deepEqual(await told(response), { outcome_id: outcome?.outcomeId, status: "stored" });
    assert.match(outcome?.outcomeId ?? "", /^[0-9a-f-]{36}$/);
    assert.deepEqual(outcome?.subject, { kind: "request", requestId });
    assert.deepEqual(
      [outcome?.metric, outcome?.value, outcome?.comment],
      ["resolved", 1, "mail me: [email]"],
    );
  });

  test("carries an id of its own and a trace, as every answer does", async () => {
    const response = await post({ session: "s", ...thumb });
    assert.match(response.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
    assert.match(response.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/);
  });

  test("answers the second time with 200 and the first one's id", async () => {
    const first = await told(await post({ session: "s", ...thumb }));
    const second = await post({ session: "s", ...thumb });
    assert.equal(second.status, 200);
    assert.deepEqual(await told(second), { outcome_id: first.outcome_id, status: "duplicate" });
  });

  test("answers an array with a result each; 200 when all were there", async () => {
    const body = [
      { session: "s", ...thumb },
      { unit: "u", metric: "csat", value: 5 },
    ];
    await post(body[0]);
    const some = await post(body);
    assert.equal(some.status, 202);
    const { results = [] } = await told(some);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["duplicate", "stored"],
    );
    const all = await post(body);
    assert.equal(all.status, 200);
    assert.deepEqual(
      (await told(all)).results?.map(({ outcome_id, status }) => [outcome_id, status]),
      results.map(({ outcome_id }) => [outcome_id, "duplicate"]),
    );
  });

  test("answers an array of one with an array", async () => {
    const { results } = await told(await post([{ session: "s", ...thumb }]));
    assert.equal(results?.length, 1);
  });

  test("has an alias, with and without a slash or a query at its end", async () => {
    for (const path of ["/v1/feedback", "/v1/outcomes/", "/v1/feedback/?x=1"]) {
      assert.equal((await post({ session: path, ...thumb }, { path })).status, 202);
    }
  });

  test("does not answer before the outcome is durable", async () => {
    const gateway = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    open = () => gateway.promise;
    asked = arrived.resolve;
    let isAnswered = false;
    const answer = post({ session: "s", ...thumb }).then((response) => {
      isAnswered = true;
      return response;
    });
    await arrived.promise;
    for (let turn = 0; turn < 50; turn++) await setImmediate();
    assert.equal(isAnswered, false);
    gateway.resolve();
    assert.equal((await answer).status, 202);
  });

  test("says when to come back while the store takes nothing", async () => {
    const failure = new Failure("store_unavailable", "The disk is full.", { retryAfterMs: 2000 });
    open = () => Promise.reject(failure);
    const response = await post({ session: "s", ...thumb });
    assert.equal(response.headers.get("retry-after"), "2");
    assert.deepEqual(await errorOf(response), [503, "store_unavailable", null]);
  });

  test("keeps nothing of an array in which one outcome is wrong", async () => {
    const response = await post([
      { session: "s", ...thumb },
      { session: "s", metric: "csat", value: 9 },
    ]);
    assert.deepEqual(await errorOf(response), [400, "invalid_value", "[1].value"]);
    assert.equal(kept.size, 0);
  });

  test("stores, logs and echoes no raw id", async () => {
    const answers = await Promise.all([
      post({ unit: "canary-1", ...thumb, idempotency_key: "canary-2" }),
      post({ session: "canary-3", ...thumb }),
      post({ request_id: "canary-4", ...thumb }),
      post({ unit: "canary-5", unit_type: "team", ...thumb }),
    ]);
    const seen = await Promise.all(answers.map((answer) => answer.text()));
    const everything = [...seen, JSON.stringify([...kept.values()]), JSON.stringify(ends), ...logged];
    assert.doesNotMatch(everything.join("\n"), /canary/);
    assert.deepEqual([...kept.values()].map(({ subject }) => subject.kind).toSorted(), ["session", "unit"]);
  });

  test("is traced and counted under one route, whatever it is called", async () => {
    await (await post({ session: "s", ...thumb }, { path: "/v1/feedback" })).text();
    while (ends.length === 0) await setImmediate();
    assert.deepEqual(
      ends.map(({ route, method }) => [route, method]),
      [["/v1/outcomes", "POST"]],
    );
  });
});

describe("what is refused", () => {
  test("a foreign host and a foreign origin", async () => {
    const origin = await post({ session: "s", ...thumb }, { headers: { origin: "https://evil.example" } });
    assert.deepEqual(await errorOf(origin), [421, "invalid_host", null]);
    assert.equal(origin.headers.get("access-control-allow-origin"), null);
    const headers = { host: "evil.example", "content-type": "application/json" };
    const host = await rawPost({ url: `${base}/v1/outcomes`, body: { session: "s", ...thumb }, headers });
    assert.equal(host.status, 421);
    assert.equal(kept.size, 0);
  });

  test("another method, and a route below it: nothing of them goes upstream", async () => {
    for (const method of ["GET", "HEAD", "DELETE", "PUT"]) {
      const response = await post("", { method });
      assert.deepEqual([response.status, response.headers.get("allow")], [405, "POST, OPTIONS"]);
    }
    for (const path of ["/v1/outcomes/abc", "/v1/Feedback", "/v1/feedback//"]) {
      assert.deepEqual(await errorOf(await post({ session: "s", ...thumb }, { path })), [
        404,
        "not_found",
        null,
      ]);
    }
  });

  test("a body that is too large, and one that is no JSON", async () => {
    const large = await post({ session: "s", ...thumb, comment: "x".repeat(100_000) });
    assert.deepEqual(await errorOf(large), [413, "request_too_large", null]);
    const plain = await post("{}", { headers: { "content-type": "text/plain" } });
    assert.deepEqual(await errorOf(plain), [415, "unsupported_media_type", null]);
    assert.deepEqual(await errorOf(await post("{")), [400, "invalid_json", null]);
  });

  test("everything while the server shuts down", async () => {
    await gate.drain(0);
    const response = await post({ session: "s", ...thumb });
    assert.deepEqual(await errorOf(response), [503, "shutting_down", null]);
  });
});

describe("a browser of an allowed origin", () => {
  const origin = "https://app.example.com";

  test("may ask first, and then send its thumb", async () => {
    const asking = await fetch(`${base}/v1/outcomes`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    assert.equal(asking.status, 204);
    assert.equal(asking.headers.get("access-control-allow-origin"), origin);
    assert.match(asking.headers.get("access-control-allow-methods") ?? "", /POST/);
    assert.equal(asking.headers.get("access-control-allow-headers"), "content-type");
    const sent = await post({ session: "s", ...thumb }, { headers: { origin } });
    assert.deepEqual([sent.status, sent.headers.get("access-control-allow-origin")], [202, origin]);
  });

  test("is told what was wrong", async () => {
    const response = await post({ session: "s", metric: "csat" }, { headers: { origin } });
    assert.deepEqual([response.status, response.headers.get("access-control-allow-origin")], [400, origin]);
  });
});
