import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AssignedRequest, RequestContext } from "../../src/domain/chat.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { Guardrail, GuardrailSubject } from "../../src/domain/guardrail.ts";
import { fallback } from "../../src/policies/fallback.ts";
import { guardInput } from "../../src/policies/guard-input.ts";
import { experimentWith } from "../core/experiment-fixture.ts";
import { finding, guardrailWith, planWith } from "./guardrail-fixture.ts";
import { contextOf, renderedRequest, wholeAnswer } from "./policy-fixture.ts";

const secret = /SECRET\d+/;

/** What reaches the next policy of a request with this body. */
async function passed(
  body: Readonly<Record<string, unknown>>,
  guardrails: readonly Guardrail[],
  { request = renderedRequest({}, body), context = contextOf() } = {},
): Promise<{ readonly request: AssignedRequest; readonly sent: unknown; readonly context: RequestContext }> {
  let reached: AssignedRequest | undefined;
  const policy = guardInput<AssignedRequest>({ planOf: () => planWith({ input: guardrails }), now: () => 0 });
  const answer = await policy((next) => {
    reached = next;
    return Promise.resolve(wholeAnswer());
  })(request, context);
  await answer.completion;
  assert.ok(reached);
  return { request: reached, sent: JSON.parse(reached.body.bytes.toString()), context };
}

describe("the client's words", () => {
  test("keep their bytes where nothing is found", async () => {
    const request = renderedRequest({}, { messages: [{ role: "user", content: "Hello" }] });
    const reached = await passed({}, [finding(secret, { action: "redact" })], { request });
    assert.equal(reached.request, request);
  });

  test("are taken out of what should be an object, and is a text", async () => {
    const plan = [finding(secret, { action: "redact" })];
    const { sent } = await passed({ messages: ["a SECRET1", { role: "user" }], prediction: "SECRET2" }, plan);
    const { messages, prediction } = sent as { messages: unknown; prediction: unknown };
    assert.deepEqual([messages, prediction], [["a [gone]", { role: "user" }], "[gone]"]);
  });

  test("are looked at behind any role, and where they begin like a file", async () => {
    for (const message of [
      { role: "User", content: "SECRET1" },
      { role: "critic", content: "SECRET1" },
      { content: "SECRET1" },
      { role: "user", content: "data:;base64,SECRET1" },
      {
        role: "user",
        content: [{ type: "image_url", image_url: { url: "data:image/png;base64,A SECRET1" } }],
      },
    ]) {
      const ofUsers = guardrailWith(({ texts }) =>
        texts.some(({ role, text }) => role === "user" && secret.test(text))
          ? { kind: "found", reason: "a match" }
          : { kind: "pass" },
      );
      const { context } = await passed({ messages: [message] }, [ofUsers]);
      assert.equal(context.state.blocked?.code, "content_blocked", JSON.stringify(message));
    }
  });

  test("are all looked at: parts, calls, names and a prediction, each with its role", async () => {
    let seen: GuardrailSubject["texts"] = [];
    const looks = guardrailWith((subject) => {
      seen = subject.texts.map(({ role, text }) => ({ role, text }));
      return { kind: "pass" };
    });
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };
    const messages = [
      { role: "system", content: "be kind" },
      { role: "user", name: "jane", content: [{ type: "text", text: "look" }, image] },
      {
        role: "assistant",
        tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "1", content: "result" },
    ];
    await passed({ messages, prediction: { type: "content", content: "maybe" } }, [looks]);
    assert.deepEqual(
      seen.map(({ role, text }) => `${role}: ${text}`),
      [
        "system: be kind",
        "user: jane",
        "user: look",
        "assistant: f",
        "assistant: {}",
        "tool: result",
        "user: maybe",
      ],
    );
  });

  test("lose what is redacted before anything is made of them, and nothing else changes", async () => {
    const body = {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "call SECRET1" },
            { type: "text", text: "please" },
          ],
        },
        { role: "user", content: "SECRET2 and SECRET3" },
      ],
      seed: 7,
    };
    const { sent, request } = await passed(body, [finding(secret, { action: "redact" })]);
    assert.deepEqual(sent, {
      model: "tone",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "call [gone]" },
            { type: "text", text: "please" },
          ],
        },
        { role: "user", content: "[gone] and [gone]" },
      ],
      seed: 7,
    });
    const messages = request.body.members.get("messages");
    const place = request.body.bytes.subarray(messages?.start, messages?.end).toString();
    assert.deepEqual(JSON.parse(place), body.messages.length > 0 && (sent as typeof body).messages);
  });

  test("that are blocked reach no upstream, but the fallback may serve something else", async () => {
    const { context } = await passed({ messages: [{ role: "user", content: "SECRET1" }] }, [finding(secret)]);
    const blocked = context.state.blocked;
    assert.equal(blocked?.code, "content_blocked");
    let asked = 0;
    const experiment = experimentWith({
      fallback: [{ kind: "canned", content: "I cannot help with that." }],
    });
    const policy = fallback({
      now: () => 0,
      isKilled: () => false,
      render: () => assert.fail("renders nothing"),
    });
    const answer = await policy(() => {
      asked += 1;
      return Promise.resolve(wholeAnswer());
    })(renderedRequest({ experiment }), context);
    assert.equal(asked, 0);
    assert.equal(context.state.fallback?.cause, "content_blocked");
    const text = answer.body.kind === "whole" ? answer.body.bytes.toString() : "";
    assert.equal(JSON.parse(text).choices[0].message.content, "I cannot help with that.");
  });

  test("get the guardrail's own answer before any fallback, and an error where it says so", async () => {
    const input = { messages: [{ role: "user", content: "SECRET1" }] };
    const policy = fallback({
      now: () => 0,
      isKilled: () => false,
      render: () => assert.fail("renders nothing"),
    });
    const experiment = experimentWith({ fallback: [{ kind: "canned", content: "fallback" }] });
    const serve = async (guardrail: Guardrail) => {
      const { context } = await passed(input, [guardrail]);
      const answer = await policy(() => Promise.resolve(wholeAnswer()))(
        renderedRequest({ experiment }),
        context,
      );
      return answer.body.kind === "whole" ? answer.body.bytes.toString() : "";
    };
    assert.match(await serve(finding(secret, { answer: "own words", onBlock: "error" })), /own words/);
    await assert.rejects(serve(finding(secret, { onBlock: "error" })), { code: "content_blocked" });
  });

  test("of a check that crashes go on or are blocked, as is configured", async () => {
    const crash = () => Promise.reject(new Error("SECRET1"));
    for (const onFailure of ["closed", "open"] as const) {
      const guardrail = guardrailWith(crash, { onFailure, isRemote: true });
      const { context } = await passed({}, [guardrail]);
      assert.equal(context.state.blocked?.code, onFailure === "closed" ? "guardrail_failed" : undefined);
      assert.equal(context.state.guardrails[0]?.reason, "crashed");
    }
  });

  test("do not wait for a guardrail that only tells, and the record does", async () => {
    const verdict = Promise.withResolvers<{ kind: "found"; reason: string }>();
    const tells = guardrailWith(() => verdict.promise, { isRemote: true, isShadow: true, timeoutMs: 60_000 });
    const context = contextOf();
    const policy = guardInput({ planOf: () => planWith({ input: [tells] }), now: () => 0 });
    const answer = await policy(() => Promise.resolve(wholeAnswer()))(renderedRequest(), context);
    assert.deepEqual(context.state.guardrails, []);
    verdict.resolve({ kind: "found", reason: "bad" });
    await answer.completion;
    assert.deepEqual(
      context.state.guardrails.map(({ verdict: said, isShadow }) => [said, isShadow]),
      [["block", true]],
    );
  });

  test("of a client that has gone are not judged any further", async () => {
    const context = contextOf();
    const waits = guardrailWith(() => new Promise(() => {}), { isRemote: true, timeoutMs: 60_000 });
    const policy = guardInput({ planOf: () => planWith({ input: [waits] }), now: () => 0 });
    const answer = policy(() => assert.fail("goes on"))(renderedRequest(), context);
    context.controller.abort(new Failure("client_cancelled", "gone"));
    await assert.rejects(answer, { code: "client_cancelled" });
  });
});
