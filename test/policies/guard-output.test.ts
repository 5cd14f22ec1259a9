import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Answer, Completion, RequestContext } from "../../src/domain/chat.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { GuardrailPlan } from "../../src/domain/guardrail.ts";
import { guardOutput } from "../../src/policies/guard-output.ts";
import { finding, guardrailWith, planWith } from "./guardrail-fixture.ts";
import { choiceOf, completionOf, contextOf, renderedRequest } from "./policy-fixture.ts";
import { read } from "./source-fixture.ts";

const secret = /SECRET\d+/;

/** The policy over one answer. */
function guarded(answer: Answer, plan: Partial<GuardrailPlan>, context: RequestContext = contextOf()) {
  const policy = guardOutput({ planOf: () => planWith(plan), now: () => 0 });
  return policy(() => Promise.resolve(answer))(renderedRequest(), context);
}

function whole(message: Record<string, unknown>, more: Record<string, unknown> = {}): Answer {
  const body = { id: "c-1", choices: [{ index: 0, message, finish_reason: "stop", ...more }] };
  const content = typeof message.content === "string" ? message.content : undefined;
  return {
    status: 200,
    headers: {},
    body: { kind: "whole", bytes: Buffer.from(JSON.stringify(body)) },
    completion: Promise.resolve(completionOf({ choices: [choiceOf({ content })] })),
  };
}

const event = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({ id: "c-1", choices: [{ index: 0, delta, finish_reason: null, ...more }] })}\n\n`;
const finish = event({}, { finish_reason: "stop" });

interface Streamed {
  readonly answer: Answer;
  readonly cancelled: Failure[];
}

/** A stream of these events, which ends well unless it is cancelled or breaks. */
function streamed(events: readonly string[], completion: Partial<Completion> = {}): Streamed {
  const cancelled: Failure[] = [];
  const { failure } = completion;
  const answer: Answer = {
    status: 200,
    headers: {},
    body: {
      kind: "stream",
      source: {
        start(sink) {
          for (const one of events) if (cancelled.length === 0) sink.chunk(Buffer.from(one));
          const [first] = cancelled;
          if (first !== undefined) sink.fail(first);
          else if (failure === undefined) sink.end();
          else sink.fail(failure);
        },
        pause() {},
        resume() {},
        cancel: (reason) => cancelled.push(reason),
      },
    },
    completion: Promise.resolve(completionOf(completion)),
  };
  return { answer, cancelled };
}

/** Texts of the events in their order, by member. */
function textOf(events: string, member = "content"): string {
  return events
    .split("\n\n")
    .filter((one) => one.startsWith("data: "))
    .map((one) => JSON.parse(one.slice(6)).choices[0].delta[member] ?? "")
    .join("");
}

describe("a whole answer", () => {
  test("keeps its bytes where nothing is found", async () => {
    const answer = whole({ role: "assistant", content: "Hello" });
    const given = await guarded(answer, { output: [finding(secret)] });
    assert.equal(given.body, answer.body);
  });

  test("is refused with the guardrail's name, and not with what it found", async () => {
    const context = contextOf();
    const answer = whole({ role: "assistant", content: "it is SECRET42" });
    await assert.rejects(guarded(answer, { output: [finding(secret)] }, context), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, "content_blocked");
      assert.match(error.message, /"no-secrets" blocked the model's answer/);
      assert.ok(!error.message.includes("SECRET"));
      return true;
    });
    assert.deepEqual(
      context.state.guardrails.map(({ name, stage, verdict, reason }) => ({ name, stage, verdict, reason })),
      [{ name: "no-secrets", stage: "output", verdict: "block", reason: "a match" }],
    );
  });

  test("loses what is redacted, everywhere that it stands", async () => {
    const message = {
      role: "assistant",
      content: [{ type: "text", text: "a SECRET1" }],
      reasoning_content: "thinking of SECRET2",
      refusal: null,
    };
    const answer = whole(message, { logprobs: { content: [{ token: "SECRET1" }] } });
    const given = await guarded(answer, { output: [finding(secret, { action: "redact" })] });
    const text = given.body.kind === "whole" ? given.body.bytes.toString() : "";
    assert.ok(!text.includes("SECRET"), text);
    assert.equal(JSON.parse(text).choices[0].message.content[0].text, "a [gone]");
    assert.ok(!JSON.stringify((await given.completion).choices).includes("SECRET"));
  });

  test("passes with what is only flagged, or found in the shadow", async () => {
    for (const change of [{ action: "flag" }, { isShadow: true }] as const) {
      const context = contextOf();
      const answer = whole({ role: "assistant", content: "SECRET1" });
      const given = await guarded(answer, { output: [finding(secret, change)] }, context);
      assert.equal(given.body, answer.body);
      await given.completion;
      assert.equal(context.state.guardrails[0]?.verdict, change.action ?? "block");
    }
  });

  test("has the calls of its tools judged, escapes and all", async () => {
    const call = {
      id: "1",
      type: "function",
      function: { name: "send", arguments: '{"to":"S\\u0045CRET1","n":5}' },
    };
    const message = { role: "assistant", content: null, tool_calls: [call] };
    await assert.rejects(guarded(whole(message), { tool_calls: [finding(secret)] }), {
      code: "content_blocked",
    });
    const redacts = finding(/SECRET\d+|5/, { action: "redact" });
    const given = await guarded(whole(message), { tool_calls: [redacts] });
    const text = given.body.kind === "whole" ? given.body.bytes.toString() : "";
    const redacted = JSON.parse(text).choices[0].message.tool_calls[0].function.arguments;
    assert.deepEqual(JSON.parse(redacted), { to: "[gone]", n: "[gone]" });
  });

  test("of a check that crashes is refused or passes, as is configured", async () => {
    const crash = () => {
      throw new Error("what the model said");
    };
    for (const onFailure of ["closed", "open"] as const) {
      const context = contextOf();
      const given = guarded(
        whole({ role: "assistant", content: "Hi" }),
        { output: [guardrailWith(crash, { onFailure })] },
        context,
      );
      if (onFailure === "closed") await assert.rejects(given, { code: "guardrail_failed" });
      else assert.equal((await given).status, 200);
      const [record] = context.state.guardrails;
      assert.deepEqual([record?.verdict, record?.reason], ["failed", "crashed"]);
    }
  });

  test("of a check that is too slow is refused or passes, and the check is told to stop", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    for (const onFailure of ["closed", "open"] as const) {
      let stopped = false;
      const slow = guardrailWith(
        (_, { signal }) =>
          new Promise(() => {
            signal.addEventListener("abort", () => {
              stopped = true;
            });
          }),
        { isRemote: true, onFailure, timeoutMs: 70 },
      );
      const context = contextOf();
      const given = guarded(whole({ role: "assistant", content: "Hi" }), { output: [slow] }, context);
      given.catch(() => {});
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      t.mock.timers.tick(70);
      if (onFailure === "closed") await assert.rejects(given, { code: "guardrail_failed" });
      else assert.equal((await given).status, 200);
      assert.equal(stopped, true);
      assert.equal(context.state.guardrails[0]?.reason, "timeout");
    }
  });

  test("is not given to another server when a check here refuses it", async () => {
    let asked = 0;
    const remote = guardrailWith(
      () => {
        asked += 1;
        return { kind: "pass" };
      },
      { name: "remote", isRemote: true },
    );
    const plan = { output: [remote, finding(secret)] };
    await assert.rejects(guarded(whole({ role: "assistant", content: "SECRET1" }), plan));
    assert.equal(asked, 0);
  });
});

describe("a stream", () => {
  const windowed = { windowChars: 32 } as const;

  test("keeps its bytes where nothing is found", async () => {
    const events = [
      event({ role: "assistant", content: "" }),
      event({ content: "Hello" }),
      ": keep\n\n",
      finish,
    ];
    const { answer } = streamed(events);
    const { text } = await read(await guarded(answer, { output: [finding(secret, windowed)] }));
    assert.equal(text, events.join(""));
  });

  test("is blocked before anything has left where it is found in time, so that a fallback may act", async () => {
    const { answer, cancelled } = streamed([
      event({ content: "it is SECRET42 " }),
      event({ content: "x".repeat(200) }),
      finish,
    ]);
    await assert.rejects(guarded(answer, { output: [finding(secret, windowed)] }), {
      code: "content_blocked",
    });
    assert.equal(cancelled[0]?.code, "content_blocked");
  });

  test("ends with an error where it is blocked in its middle, and nothing of what is blocked has left", async () => {
    const words = Array.from({ length: 80 }, (_, index) => event({ content: `word${index} ` }));
    const { answer, cancelled } = streamed([
      ...words,
      event({ content: "SEC" }),
      event({ content: "RET1 and so on" }),
      finish,
    ]);
    const given = await guarded(answer, { output: [finding(secret, windowed)] });
    const { text, failure } = await read(given);
    assert.equal(failure?.code, "content_blocked");
    assert.ok(text.includes("word10 ") && !text.includes("SEC"));
    assert.equal((await given.completion).failure?.code, "content_blocked");
    assert.equal(cancelled.length, 1);
  });

  test("gets the same verdict and the same words however it is cut into chunks", async () => {
    const words = `${"lorem ipsum ".repeat(9)}SECRET123 dolor ${"sit amet ".repeat(12)}SECRET9 end`;
    for (const action of ["redact", "block"] as const) {
      const ends = async (pieces: readonly string[]) => {
        const { answer } = streamed([...pieces.map((content) => event({ content })), finish]);
        try {
          const { text, failure } = await read(
            await guarded(answer, { output: [finding(secret, { ...windowed, action })] }),
          );
          return { text: textOf(text), code: failure?.code };
        } catch (error) {
          return { text: "", code: error instanceof Failure ? error.code : String(error) };
        }
      };
      const wanted = { redact: { text: words.replaceAll(/SECRET\d+/g, "[gone]"), code: undefined } };
      for (let at = 0; at <= words.length; at++) {
        const end = await ends([words.slice(0, at), words.slice(at)]);
        if (action === "redact") assert.deepEqual(end, wanted.redact);
        else assert.equal(end.code, "content_blocked");
      }
      const single = await ends([...words]);
      if (action === "redact") assert.deepEqual(single, wanted.redact);
      else assert.equal(single.code, "content_blocked");
    }
  });

  test("tells the record what the client got", async () => {
    const content = `SECRET1 ${"x ".repeat(100)}`;
    const { answer } = streamed([event({ content }), finish], { choices: [choiceOf({ content })] });
    const context = contextOf();
    const plan = { output: [finding(secret, { ...windowed, action: "redact" })] };
    const given = await guarded(answer, plan, context);
    const { text } = await read(given);
    const { choices } = await given.completion;
    assert.equal(choices[0]?.content, textOf(text));
    assert.ok(!text.includes("SECRET"));
    assert.equal(context.state.guardrails[0]?.verdict, "redact");
  });

  test("is held to its end for a check of the whole, and not for one that only tells", async () => {
    const seen: string[] = [];
    const wholes = (change: object) =>
      guardrailWith(
        (subject) => {
          seen.push(subject.texts.map(({ text }) => text).join("|"));
          return { kind: "found", reason: "bad" };
        },
        { isRemote: true, ...change },
      );
    const events = [event({ content: "Hel" }), event({ content: "lo" }), finish];
    await assert.rejects(guarded(streamed(events).answer, { output: [wholes({})] }), {
      code: "content_blocked",
    });
    const context = contextOf();
    const given = await guarded(streamed(events).answer, { output: [wholes({ isShadow: true })] }, context);
    const { text, failure } = await read(given);
    assert.deepEqual([textOf(text), failure], ["Hello", undefined]);
    await given.completion;
    assert.deepEqual(seen, ["Hello", "Hello"]);
    assert.equal(context.state.guardrails[0]?.verdict, "block");
  });

  test("has its calls judged when they are whole, and shows none before", async () => {
    const call = (index: number, text: string, name?: string) =>
      event({
        tool_calls: [{ index, function: { ...(name === undefined ? {} : { name }), arguments: text } }],
      });
    const events = [
      call(0, "", "send"),
      call(0, '{"to":"SEC'),
      call(0, 'RET1"}'),
      call(1, "{}", "stop"),
      finish,
    ];
    await assert.rejects(guarded(streamed(events).answer, { tool_calls: [finding(secret)] }), {
      code: "content_blocked",
    });
    const given = await guarded(streamed(events).answer, {
      tool_calls: [finding(secret, { action: "redact" })],
    });
    const { text } = await read(given);
    const said = text
      .split("\n\n")
      .filter(Boolean)
      .flatMap((one) => JSON.parse(one.slice(6)).choices[0].delta.tool_calls ?? []);
    const of = (index: number) =>
      said
        .filter((one) => one.index === index)
        .map((one) => one.function.arguments)
        .join("");
    assert.deepEqual([of(0), of(1)], ['{"to":"[gone]"}', "{}"]);
  });

  test("that breaks before anything has left gives a fallback the chance, and after it an error", async () => {
    const cut = new Failure("upstream_stream_interrupted", "cut");
    const plan = { output: [finding(secret, windowed)] };
    await assert.rejects(guarded(streamed([event({ content: "Hi" })], { failure: cut }).answer, plan), {
      code: "upstream_stream_interrupted",
    });
    const long = [event({ content: "word ".repeat(60) })];
    const { failure } = await read(
      await guarded(
        streamed(long.concat(event({ content: "x ".repeat(99) })), { failure: cut }).answer,
        plan,
      ),
    );
    assert.equal(failure?.code, "upstream_stream_interrupted");
  });

  test("has judged what comes after it said that it had finished", async () => {
    const events = [event({ content: "Hi" }), finish, event({ content: "SECRET1" })];
    const { text, failure } = await readOr(
      guarded(streamed(events).answer, { output: [finding(secret, windowed)] }),
    );
    assert.equal(failure?.code, "content_blocked");
    assert.ok(!text.includes("SECRET"));
  });

  test("never shows what is redacted, whatever its chunks are", async () => {
    const piece = fc.oneof(
      fc.constantFrom("SECRET1 ", "SEC", "RET22", " ", "\n", "\u{1f600}"),
      fc.string({ maxLength: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        const events = [...pieces.map((content) => event({ content })), finish];
        const plan = { output: [finding(secret, { ...windowed, action: "redact" })] };
        const { text } = await read(await guarded(streamed(events).answer, plan));
        assert.equal(textOf(text), pieces.join("").replaceAll(/SECRET\d+/g, "[gone]"));
      }),
      { numRuns: 200 },
    );
  });
});

async function readOr(answer: Promise<Answer>): ReturnType<typeof read> {
  try {
    return await read(await answer);
  } catch (error) {
    return { text: "", failure: error instanceof Failure ? error : undefined };
  }
}
