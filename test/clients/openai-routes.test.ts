import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NotFoundError, toFile } from "openai";
import { startTestApp } from "../support/app.ts";
import { bodyOf, startHostileUpstream, wholeAnswer } from "../support/hostile-upstream.ts";
import {
  ask,
  clientOf,
  collect,
  lastBody,
  type Proxied,
  plainConfig,
  rejection,
  startProxied,
  withoutIds,
} from "./proxied.ts";

describe("the openai SDK on the other routes", () => {
  let proxied: Proxied;
  before(async () => {
    proxied = await startProxied();
  });
  after(() => proxied.close());

  test("lists experiments before the upstream's models, each name once", async () => {
    const ids = (await collect(proxied.openai.models.list())).map(({ id }) => id);
    const theirs = (await collect(proxied.direct.models.list())).map(({ id }) => id);
    assert.deepEqual(ids, ["experiment/tone", "tone", ...theirs]);
    assert.equal(new Set(ids).size, ids.length);
  });

  test("retrieves an experiment here and a model from the upstream", async () => {
    const { openai, direct } = proxied;
    assert.equal((await openai.models.retrieve("tone")).owned_by, "assay");
    assert.equal((await openai.models.retrieve("experiment/tone")).owned_by, "assay");
    assert.deepEqual(await openai.models.retrieve("gpt-4o"), await direct.models.retrieve("gpt-4o"));
    const error = await rejection(openai.models.retrieve("no-such-model"), NotFoundError);
    assert.equal(error.code, "model_not_found");
  });

  test("gets the upstream's embeddings, packed and plain", async () => {
    for (const encoding_format of ["base64", "float"] as const) {
      const request = { model: "text-embedding-3-small", input: ["one", "two"], encoding_format };
      const [through, direct] = await Promise.all([
        proxied.openai.embeddings.create(request),
        proxied.direct.embeddings.create(request),
      ]);
      assert.deepEqual(through, direct);
      assert.equal(through.data.length, 2);
    }
  });

  test("gets the upstream's moderations", async () => {
    const request = { model: "omni-moderation-latest", input: "attack at dawn" };
    const through = await proxied.openai.moderations.create(request);
    assert.deepEqual(withoutIds(through), withoutIds(await proxied.direct.moderations.create(request)));
    assert.equal(through.results[0]?.flagged, true);
  });

  test("gets the upstream's responses, whole and streamed", async () => {
    const { openai, direct } = proxied;
    const request = { model: "gpt-4.1", input: "How do I cancel?" };
    const through = await openai.responses.create(request);
    assert.equal(through.output_text, (await direct.responses.create(request)).output_text);
    const events = await collect(await openai.responses.create({ ...request, stream: true }));
    const last = events.at(-1);
    assert.equal(last?.type, "response.completed");
    const deltas = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : ""));
    assert.equal(deltas.join(""), through.output_text);
  });

  test("hangs up in the middle of a streamed response", async () => {
    const request = { model: "gpt-4.1", input: "[[fault:stall;after=2]]", stream: true } as const;
    const stream = await proxied.openai.responses.create(request);
    let deltas = 0;
    for await (const { type } of stream) {
      if (type !== "response.output_text.delta") continue;
      deltas += 1;
      stream.controller.abort();
    }
    assert.ok(deltas > 0);
  });

  test("sends the upstream none of the client's key and identity", async () => {
    const { openai, upstream } = proxied;
    await openai.embeddings.create({ model: "text-embedding-3-small", input: "x" });
    await openai.chat.completions.create({ model: "gpt-4.1", messages: ask("Hi") });
    for (const { headers } of upstream.requests.slice(-2)) {
      assert.equal(headers.authorization, undefined);
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith("x-stainless")),
        [],
      );
    }
    assert.equal(lastBody(upstream).model, "gpt-4.1");
  });

  test("hears of a route that the upstream does not have from the upstream", async () => {
    const error = await rejection(collect(proxied.openai.batches.list()), NotFoundError);
    assert.equal(error.code, "not_found");
    assert.match(error.message, /scripted upstream has no route GET \/v1\/batches/);
  });
});

test("an upload in parts reaches the upstream byte for byte", async () => {
  const file = { id: "file-1", object: "file", bytes: 1, created_at: 1, filename: "x", purpose: "batch" };
  const upstream = await startHostileUpstream((socket) => socket.write(wholeAnswer(JSON.stringify(file))));
  const app = await startTestApp({ config: plainConfig(upstream.url) });
  try {
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 256));
    const uploaded = await clientOf(app.url).files.create({
      file: await toFile(content, "ünïcode.jsonl"),
      purpose: "batch",
    });
    assert.equal(uploaded.id, "file-1");
    const request = upstream.requests.at(-1) ?? Buffer.alloc(0);
    const contentType = /^content-type: (.*)\r$/im.exec(request.toString("latin1"))?.[1] ?? "";
    assert.match(request.toString("latin1"), /^POST \/v1\/files HTTP/);
    const form = await new Response(new Uint8Array(bodyOf(request)), {
      headers: { "content-type": contentType },
    }).formData();
    const part = form.get("file");
    assert.ok(part instanceof File);
    assert.equal(part.name, "ünïcode.jsonl");
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(content));
    assert.equal(form.get("purpose"), "batch");
  } finally {
    await app.close();
    await upstream.close();
  }
});
