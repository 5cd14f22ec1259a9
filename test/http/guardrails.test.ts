import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI from "openai";
import { startTestApp, type TestApp } from "../support/app.ts";

/** What the scripted model says, whatever it was asked. */
const saying = (content: string, more = "") => `[[fault:answer;content=${content}${more}]]`;

const config = `
upstreams:
  main: { without_key: scripted }
guardrails:
  short: { length: { max_chars: 400 }, stages: [output], answer: "That was too long." }
  brief: { length: { max_chars: 400 }, stages: [output] }
  asked: { length: { max_chars: 2000 }, stages: [input], everywhere: true, on_block: error }
  clean: { moderation: {}, stages: [input], answer: "Let us talk about something else." }
  fit: { judge: { model: gpt-4.1-nano, instructions: "Is it polite?" }, stages: [output] }
  seen: { length: { max_chars: 5 }, stages: [output], shadow: true }
experiments:
  tone:
    guardrails: [short]
    variants: { control: { model: gpt-4.1-mini } }
  rescue:
    guardrails: [brief]
    fallback: [{ model: gpt-4.1-nano }, { answer: "Sorry." }]
    variants: { control: { model: gpt-4.1-mini } }
  guarded-variant:
    fallback: [{ model: gpt-4.1-nano }, { answer: "Sorry." }]
    variants: { control: { model: gpt-4.1-mini, guardrails: [brief] } }
  moderated:
    guardrails: [clean, seen]
    variants: { control: { model: gpt-4.1-mini } }
  judged:
    variants: { control: { model: gpt-4.1-mini, guardrails: [fit] } }
  buffered:
    guardrails: [brief]
    output: { stream_mode: buffer }
    variants: { control: { model: gpt-4.1-mini } }
`;

let app: TestApp;
let openai: OpenAI;
let recorded = 0;

before(async () => {
  app = await startTestApp({ config });
  openai = new OpenAI({ baseURL: app.url, apiKey: "none", maxRetries: 0 });
});
after(() => app.close());

const ask = (experiment: string, content: string) =>
  openai.chat.completions
    .create({ model: `experiment/${experiment}`, user: "u-1", messages: [{ role: "user", content }] })
    .withResponse()
    .finally(() => {
      recorded += 1;
    });

async function stream(experiment: string, content: string) {
  recorded += 1;
  const { data, response } = await openai.chat.completions
    .create({
      model: `experiment/${experiment}`,
      user: "u-1",
      stream: true,
      messages: [{ role: "user", content }],
    })
    .withResponse();
  let text = "";
  for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? "";
  return { text, response };
}

const lastRecord = async () => (await app.records(recorded)).at(-1) ?? assert.fail("no record");
const long = "word ".repeat(100).trim();

describe("an answer that is blocked", () => {
  test("is replaced by the guardrail's own words, with the reason in a header and in the record", async () => {
    const { data, response } = await ask("tone", saying(long));
    assert.equal(data.choices[0]?.message.content, "That was too long.");
    assert.equal(response.headers.get("x-assay-guardrail"), "short; stage=output; verdict=block");
    assert.equal(response.headers.get("x-assay-fallback"), "canned; cause=content_blocked");
    const record = await lastRecord();
    assert.deepEqual([record.outcome, record.safety, record.status], ["success", "blocked", 200]);
    assert.deepEqual(
      record.guardrails.map(({ name, verdict, reason }) => ({ name, verdict, reason })),
      [
        { name: "asked", verdict: "allow", reason: undefined },
        { name: "short", verdict: "block", reason: "499 characters, at most 400" },
      ],
    );
  });

  test("is replaced by another model's, which is judged as well, and then by a ready one", async () => {
    const other = await ask("rescue", saying(long, ";model=gpt-4.1-mini"));
    assert.equal(other.response.headers.get("x-assay-fallback"), "gpt-4.1-nano; cause=content_blocked");
    assert.ok((other.data.choices[0]?.message.content ?? "").length > 0);
    const both = await ask("rescue", saying(long));
    assert.equal(both.data.choices[0]?.message.content, "Sorry.");
  });

  test("is replaced by nothing that the variant's own guardrails would block", async () => {
    for (const answer of [ask("guarded-variant", saying(long)), stream("guarded-variant", saying(long))]) {
      const got = await answer;
      const text = "text" in got ? got.text : got.data.choices[0]?.message.content;
      assert.equal(text, "Sorry.");
    }
  });

  test("is replaced in a stream too, before the client has seen a word", async () => {
    const { text, response } = await stream("tone", saying(long));
    assert.equal(text, "That was too long.");
    assert.equal(response.headers.get("x-assay-fallback"), "canned; cause=content_blocked");
    assert.equal((await lastRecord()).safety, "blocked");
  });

  test("is an error that names the guardrail where nothing else is to be served", async () => {
    for (const content of [ask("buffered", saying(long)), stream("buffered", saying(long))]) {
      await assert.rejects(content, (error) => {
        assert.ok(error instanceof OpenAI.APIError);
        assert.deepEqual([error.status, error.code], [400, "content_blocked"]);
        assert.match(error.message, /Guardrail "brief" blocked the model's answer/);
        return true;
      });
    }
    const record = await lastRecord();
    assert.deepEqual([record.outcome, record.safety], ["blocked", "blocked"]);
  });
});

describe("a request that is blocked", () => {
  test("reaches no upstream, and the client gets a valid completion", async () => {
    const { data, response } = await ask("moderated", "I will attack you");
    assert.equal(data.choices[0]?.message.content, "Let us talk about something else.");
    assert.match(response.headers.get("x-assay-guardrail") ?? "", /^clean; stage=input; verdict=block/);
    const record = await lastRecord();
    assert.deepEqual([record.attempts.length, record.safety, record.isExposed], [0, "blocked", true]);
  });

  test("passes where nothing is found, and what only looks does nothing", async () => {
    const { data, response } = await ask("moderated", "Where is my order?");
    assert.ok((data.choices[0]?.message.content ?? "").length > 5);
    assert.equal(response.headers.get("x-assay-guardrail"), null);
    const record = await lastRecord();
    assert.equal(record.safety, "pass");
    const seen = record.guardrails.find(({ name }) => name === "seen");
    assert.deepEqual([seen?.verdict, seen?.isShadow], ["block", true]);
  });

  test("is guarded outside of experiments where the guardrail is everywhere", async () => {
    recorded += 1;
    const messages = [{ role: "user" as const, content: "x".repeat(2001) }];
    await assert.rejects(openai.chat.completions.create({ model: "gpt-4.1-mini", messages }), {
      status: 400,
      code: "content_blocked",
    });
  });
});

describe("a judge by model", () => {
  test("passes what it finds good, blocks what it does not, and tells its tokens", async () => {
    const good = await ask("judged", "hello");
    assert.ok((good.data.choices[0]?.message.content ?? "").length > 0);
    app.app.scripted?.setScript({
      "gpt-4.1-mini": () => ({ kind: "answer", content: "rude [[judge:fail]]" }),
    });
    await assert.rejects(ask("judged", "hello again"), { code: "content_blocked" });
    const metrics = await (await fetch(`${app.adminUrl}/metrics`)).text();
    assert.match(metrics, /assay_guardrail_tokens_total\{[^}]*guardrail="fit"[^}]*\} [1-9]/);
    assert.match(
      metrics,
      /assay_guardrail_evaluations_total\{[^}]*guardrail="fit"[^}]*verdict="block"[^}]*\} 1/,
    );
  });
});

test("the scripted upstream says what it is told, other orders in it", async () => {
  await assert.rejects(ask("judged", "[[fault:answer;content=rude [[judge:fail]] [1];model=gpt-4.1-mini]]"), {
    code: "content_blocked",
  });
});
