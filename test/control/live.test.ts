/** The control plane of a whole Assay: reloads by the file watch, restarts, and the same variant all along. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as turn } from "node:timers/promises";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";

let upstream: ScriptedUpstream;
before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
});
after(() => upstream.close());

const users = Array.from({ length: 40 }, (_, at) => `user-${at}`);

async function ask(assay: TestApp, user: string): Promise<Headers> {
  const response = await assay.chat({ model: "tone", user, messages: [{ role: "user", content: "Hi" }] });
  await response.text();
  assert.equal(response.status, 200);
  return response.headers;
}

/** What each user got: variant and reason. */
async function variants(assay: TestApp): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const user of users) {
    const headers = await ask(assay, user);
    found.set(user, `${headers.get("x-assay-variant")} ${headers.get("x-assay-assignment")}`);
  }
  return found;
}

/** A new configuration on disk is in force, or refused, after a turn of the watch. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; turns < 500; turns++) {
    if (isSo()) return;
    await turn(10);
  }
  throw new Error("the watch has not seen the change");
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "assay-live-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const experiment = (text: string) => configWith({ upstreamUrl: upstream.url, experiment: text });

describe("the file watch", () => {
  test("puts a changed configuration, prompt and schema in force for the next request, and refuses a bad one", async () => {
    const schema = { type: "object", required: ["reply"], properties: { reply: { type: "string" } } };
    const text = experiment("    output: { schema: ./out.json, on_invalid: error }").replace(
      "model: model-a }",
      "model: model-a, prompt: greet@v1 }",
    );
    const files = {
      "prompts/greet/v1.md": "---\ndescription: Greets.\n---\n## system\nBe brief.\n",
      "out.json": JSON.stringify(schema),
    };
    const assay = await startTestApp({ config: text, files });
    try {
      const change = async (path: string, content: string) => {
        const { id } = assay.app.revision();
        assay.write(path, content);
        await until(() => assay.app.revision().id !== id);
      };
      await change("assay.yaml", text.replace("model: model-b", "model: model-c"));
      const { variants: changed } = assay.app.revision().config.experiments.tone ?? {};
      assert.deepEqual(
        changed?.map(({ model }) => model),
        ["model-a", "model-c"],
      );

      assay.write("prompts/greet/v2.md", "---\ndescription: Greets.\n---\n## system\nBe kind, and brief.\n");
      await change("assay.yaml", text.replace("greet@v1", "greet@v2"));
      await assay.chat({ model: "experiment/tone@control", messages: [] });
      assert.match(upstream.requests.at(-1)?.body.toString() ?? "", /Be kind, and brief\./);

      await change("out.json", JSON.stringify({ ...schema, required: ["another"] }));
      const invalid = await assay.chat({ model: "experiment/tone@control", messages: [] });
      assert.equal(invalid.status, 502);

      const { id } = assay.app.revision();
      assay.write("out.json", "{");
      await until(() => assay.logs.some((line) => line.includes("configuration refused")));
      assert.equal(assay.app.revision().id, id);
      assert.match(assay.logs.join(""), /out\.json:1:\d+ /);
    } finally {
      await assay.close();
    }
  });
});

describe("a unit's variant", () => {
  test("is the same over restarts and growing coverage, and is what explain says", async (t) => {
    const folder = folderOf(t);
    const seen = new Map<string, string>();
    for (const coverage of [0.2, 0.5, 1]) {
      const assay = await startTestApp({ config: experiment(`    coverage: ${coverage}`), folder });
      try {
        for (const [user, found] of await variants(assay)) {
          const before = seen.get(user);
          if (before?.endsWith("split")) assert.equal(found, before, `${user} at ${coverage}`);
          seen.set(user, found);
          const explained = await fetch(`${assay.adminUrl}/admin/experiments/tone/explain?unit=${user}`);
          // The admin API's own answer.
          const { served, reason } = (await explained.json()) as Record<string, string>;
          assert.equal(`${served} ${reason}`, found);
        }
      } finally {
        await assay.close();
      }
    }
    assert.ok([...seen.values()].every((found) => found.endsWith("split")));
    assert.deepEqual(new Set(seen.values()), new Set(["control split", "candidate split"]));
  });

  test("is kept by the ledger: weights that would move units do not start, and are refused on reload", async (t) => {
    const folder = folderOf(t);
    const moved = experiment("").replace("control: { weight: 50", "control: { weight: 10");
    const assay = await startTestApp({ config: experiment(""), folder });
    try {
      assay.write("assay.yaml", moved);
      const { result, problems } = await assay.app.reload("ada", "more candidates");
      assert.equal(result, "refused");
      assert.match(problems.join(), /which they may have met/);
    } finally {
      await assay.close();
    }
    await assert.rejects(startTestApp({ config: moved, folder }), { code: "assignment_conflict" });
    const anew = await startTestApp({
      config: `${moved}`.replace(
        "    control: control",
        "    salt: tone-2\n    rerandomise: true\n    control: control",
      ),
      folder,
    });
    await anew.close();
  });
});

describe("a kill switch", () => {
  test("outlives the process, until it is revived", async (t) => {
    const folder = folderOf(t);
    const post = (assay: TestApp, verb: string) =>
      fetch(`${assay.adminUrl}/admin/${verb}`, { method: "POST", body: '{"scope":"tone/candidate"}' });
    const first = await startTestApp({ config: experiment(""), folder });
    const before = await variants(first);
    await post(first, "kill");
    await first.close();

    const second = await startTestApp({ config: experiment(""), folder });
    try {
      for (const [user, found] of await variants(second)) {
        assert.equal(found, before.get(user) === "candidate split" ? "control killed" : "control split");
      }
      await post(second, "revive");
      assert.deepEqual(await variants(second), before);
    } finally {
      await second.close();
    }
  });

  test("of the environment wins over everything, and no order lifts it", async () => {
    const assay = await startTestApp({ config: experiment(""), env: { ASSAY_KILL_SWITCH: "*" } });
    try {
      assert.deepEqual(new Set((await variants(assay)).values()), new Set(["control killed"]));
      const lifted = await fetch(`${assay.adminUrl}/admin/revive`, { method: "POST", body: '{"scope":"*"}' });
      assert.equal(lifted.status, 409);
      assert.match(await lifted.text(), /ASSAY_KILL_SWITCH/);
      assert.equal((await ask(assay, "user-1")).get("x-assay-assignment"), "killed");
    } finally {
      await assay.close();
    }
  });
});
