import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { check } from "../../src/cli/check.ts";
import { readArguments } from "../../src/cli/command.ts";
import { continuityProblems, exposureBy } from "../../src/core/continuity.ts";
import type { ExperimentConfig, Revision } from "../../src/domain/config.ts";
import type { ControlEvent } from "../../src/domain/control.ts";
import type { PromptFile, RenderablePrompt } from "../../src/domain/prompt.ts";
import { revisionOf } from "../policies/policy-fixture.ts";
import { startTestApp } from "../support/app.ts";
import { experimentWith, variantsOf } from "./experiment-fixture.ts";

function promptOf(hash: string): RenderablePrompt {
  const file: PromptFile = {
    name: "greeting",
    version: "1",
    hash,
    description: "",
    combine: "prepend",
    variables: undefined,
    modelHints: [],
    blocks: [],
  };
  return { file, render: () => ({ messages: [] }) };
}

const plain = variantsOf({ control: 50, candidate: 50 });
const prompted = plain.map((variant) => ({ ...variant, prompt: "greeting@1" }));

function revision(change: Partial<ExperimentConfig>, hash = "old"): Revision {
  return {
    ...revisionOf([experimentWith(change)]),
    prompts: new Map([["greeting@1", promptOf(hash)]]),
  };
}

/** The journal of a process that has served these, one after the other. */
function journalOf(...served: readonly Revision[]): readonly ControlEvent[] {
  const events: ControlEvent[] = [];
  for (const one of served) events.push({ kind: "exposed", at: 1, ...exposureBy(one, events) });
  return events;
}

describe("a revision that would follow what has been served", () => {
  test("may not change the text of a prompt version that units met, also not while nobody uses it", () => {
    const used = revision({ variants: prompted });
    const changed = revision({ variants: prompted }, "new");
    for (const events of [journalOf(used), journalOf(used, revision({ variants: plain }))]) {
      const problems = continuityProblems(changed, events);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", /prompt "greeting@1" has changed/);
      assert.deepEqual(continuityProblems(used, events), []);
    }
  });

  test("may change a prompt that no variant uses", () => {
    const events = journalOf(revision({ variants: plain }));
    assert.deepEqual(continuityProblems(revision({ variants: plain }, "new"), events), []);
    assert.deepEqual(continuityProblems(revision({ variants: prompted }, "new"), events), []);
  });

  test("may not move units to another variant", () => {
    const events = journalOf(revision({}));
    const moved = continuityProblems(
      revision({ variants: variantsOf({ control: 25, candidate: 75 }) }),
      events,
    );
    assert.match(moved.join(), /would move 25 % of its units/);
    assert.deepEqual(continuityProblems(revision({}), events), []);
  });

  test("is judged by journals from before there were prompts in them", () => {
    const old = { kind: "exposed", at: 1, entries: [] };
    // What an older version wrote has no such member.
    assert.deepEqual(
      continuityProblems(revision({ variants: prompted }), [old as unknown as ControlEvent]),
      [],
    );
  });
});

const configText = (coverage: string) => `
upstreams: { test: { base_url: "http://127.0.0.1:9/v1" } }
experiments:
  tone:
    variants:
      control: { model: model-a, weight: 50, prompt: greeting@1 }
      candidate: { model: model-a, weight: ${coverage}, prompt: greeting@1 }
`;
const promptText = (words: string) => `---\ndescription: A greeting.\n---\n## system\n${words}\n`;
const files = { "prompts/greeting/1.md": promptText("Greet."), "prompts/unused/1.md": promptText("One.") };

async function checked(folder: string) {
  const told: string[] = [];
  const out = (text: string) => told.push(text);
  const args = readArguments(check, ["--config", join(folder, "assay.yaml")]);
  const write = async () => {};
  const io = { env: {}, cwd: folder, out, err: out, write, isOutTerminal: false, isErrTerminal: false };
  const code = await check.run(args, io);
  return { code, text: told.join("") };
}

describe("what a process has served", () => {
  test("binds its reloads, its next start and `assay check`", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "assay-continuity-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const app = await startTestApp({ config: configText("50"), files, folder });
    try {
      app.write("prompts/unused/1.md", promptText("Two."));
      assert.notEqual((await app.app.reload("ada", "an unused prompt")).result, "refused");
      app.write("prompts/greeting/1.md", promptText("Greet loudly."));
      const reloaded = await app.app.reload("ada", "a used prompt");
      assert.equal(reloaded.result, "refused");
      assert.match(reloaded.problems.join(), /greeting@1/);
    } finally {
      await app.close();
    }
    const louder = { ...files, "prompts/greeting/1.md": promptText("Greet loudly.") };
    await assert.rejects(startTestApp({ config: configText("50"), files: louder, folder }), {
      code: "assignment_conflict",
    });
    const prompt = await checked(folder);
    assert.deepEqual([prompt.code, /greeting@1.*has changed/.test(prompt.text)], [2, true]);

    writeFileSync(join(folder, "prompts/greeting/1.md"), promptText("Greet."));
    assert.equal((await checked(folder)).code, 0);
    writeFileSync(join(folder, "assay.yaml"), configText("150"));
    const moved = await checked(folder);
    assert.deepEqual([moved.code, /would move/.test(moved.text)], [2, true]);
  });
});
