import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { storePath } from "../../src/stores/store-path.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";
import { upstream } from "./admin-fixture.ts";

const card = "4111111111111111";

describe("what was said in a request", () => {
  let assay: TestApp;
  before(async () => {
    const config = configWith({ upstreamUrl: upstream.url, rest: "store: { content: redacted }" });
    assay = await startTestApp({ config, storeEngine: "sqlite" });
  });
  after(() => assay.close());

  const path = () => storePath(join(assay.folder, ".assay"));
  const contentOf = async (requestId: string) => {
    const response = await fetch(`${assay.adminUrl}/admin/records/${requestId}/content`);
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  const chat = async (body: object) => {
    upstream.setScript({
      "model-a": [{ kind: "answer", content: `to a: ${card}` }],
      "model-b": [{ kind: "answer", content: `to b: ${card}` }],
    });
    const messages = [{ role: "user", content: `my words, my card ${card}` }];
    const response = await assay.chat({ model: "tone", user: "ada", messages, ...body });
    await response.text();
    return response.headers.get("x-request-id") ?? "";
  };

  test("is kept redacted, of streams too, and read by its request alone", async () => {
    const ids = [await chat({}), await chat({ stream: true })];
    await assay.records(2);
    for (const id of ids) {
      const { status, body } = await contentOf(id);
      assert.equal(status, 200);
      assert.match(body.input[0].parts[0].content, /^my words, my card \[payment_card:[0-9a-f]{8}\]$/);
      assert.match(body.output[0].parts[0].content, /^to [ab]: \[payment_card:[0-9a-f]{8}\]$/);
    }
    for (const route of ["/admin/records", "/admin/experiments/tone/records", "/admin/audit", "/metrics"])
      assert.doesNotMatch(await (await fetch(`${assay.adminUrl}${route}`)).text(), /my words|to [ab]:/);
    assert.doesNotMatch(assay.logs.join(""), /my words/);
    const state = ["", "-wal"].map((suffix) => readFileSync(`${path()}${suffix}`));
    assert.ok(Buffer.concat(state).includes("my words"));
    assert.ok(!Buffer.concat(state).includes(card));
  });

  test("is not kept where no unit could ask for it to be forgotten", async () => {
    const plain = await chat({ model: "model-a" });
    const nobody = await chat({ user: undefined });
    for (const id of [plain, nobody]) assert.equal((await contentOf(id)).status, 404);
  });

  test("goes with its unit", async () => {
    const id = await chat({});
    assert.equal((await contentOf(id)).status, 200);
    const response = await fetch(`${assay.adminUrl}/admin/units/user/ada`, { method: "DELETE" });
    assert.ok(((await response.json()) as { forgotten: { contents: number } }).forgotten.contents >= 1);
    assert.equal((await contentOf(id)).status, 404);
    const state = readFileSync(path());
    assert.ok(!state.includes("my words"));
  });

  test("is 404 where nothing is kept of it, and none is kept once the file says off", async () => {
    const { status, body } = await contentOf("0190a000-0000-7000-8000-000000000000");
    assert.deepEqual([status, body.error.code], [404, "not_found"]);
    assert.match(body.error.message, /store\.content/);
    assay.write("assay.yaml", configWith({ upstreamUrl: upstream.url }));
    await assay.app.reload("test", "off");
    const id = await chat({});
    await assay.app.records.flush();
    assert.equal((await contentOf(id)).status, 404);
  });
});
