import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderRequest } from "../../src/core/render-request.ts";
import type { Answer, RenderedRequest } from "../../src/domain/chat.ts";
import type { FallbackTarget } from "../../src/domain/config.ts";
import { Failure, type FailureCode, type FailureDetails } from "../../src/domain/failure.ts";
import { fallback } from "../../src/policies/fallback.ts";
import { experimentWith } from "../core/experiment-fixture.ts";
import { contextOf, renderedRequest, revisionOf, wholeAnswer } from "./policy-fixture.ts";
import { read } from "./source-fixture.ts";

const variants = [
  {
    id: "control",
    weight: 50,
    model: "model-a",
    prompt: undefined,
    guardrails: [],
    parameters: { temperature: 0 },
  },
  {
    id: "candidate",
    weight: 50,
    model: "model-b",
    prompt: undefined,
    guardrails: [],
    parameters: { temperature: 1 },
  },
  { id: "other", weight: 0, model: "model-d", prompt: undefined, guardrails: [], parameters: {} },
];
const canned: FallbackTarget = { kind: "canned", content: "Later." };

/** A request served by the candidate; what `ill` names fails by model. */
function serving(
  targets: readonly FallbackTarget[],
  ill: Readonly<Record<string, Failure>>,
  change: { readonly isStream?: boolean; readonly killed?: readonly string[] } = {},
) {
  const experiment = experimentWith({ variants, fallback: targets });
  const context = contextOf(revisionOf([experiment]));
  const [, candidate] = variants;
  const request = renderedRequest(
    {
      experiment,
      plan: {
        variant: candidate,
        model: "model-b",
        prompt: undefined,
        parameters: candidate?.parameters ?? {},
      },
      target: { upstream: "main", model: "model-b", variantId: "candidate" },
    },
    { stream: change.isStream ?? false },
  );
  const asked: RenderedRequest[] = [];
  const service = fallback({
    now: () => 0,
    isKilled: ({ variantId }) => change.killed?.includes(variantId) === true,
    render: (one, plan, { revision }) => renderRequest(one, plan, { revision, reason: "fallback" }),
  })(async (one): Promise<Answer> => {
    asked.push(one);
    const failure = ill[one.target.model];
    if (failure !== undefined) throw failure;
    return wholeAnswer();
  });
  return {
    context,
    asked,
    models: () => asked.map(({ target }) => target.model),
    ask: () => service(request, context),
  };
}

const ill = (code: FailureCode = "upstream_error", details: FailureDetails = {}) =>
  new Failure(code, `first: ${code}`, details);

describe("a fallback", () => {
  test("is not asked for an answer", async () => {
    const { context, models, ask } = serving([canned], {});
    assert.equal((await ask()).status, 200);
    assert.deepEqual(models(), ["model-b"]);
    assert.equal(context.state.fallback, undefined);
  });

  test("asks the targets in their order until one answers, and tells which, for which cause", async () => {
    const { context, asked, models, ask } = serving(
      [{ kind: "model", model: "model-c" }, { kind: "variant", variantId: "control" }, canned],
      { "model-b": ill("upstream_stalled"), "model-c": ill("upstream_connect_failed") },
    );
    await ask();
    assert.deepEqual(models(), ["model-b", "model-c", "model-a"]);
    assert.deepEqual(context.state.fallback, { from: "candidate", to: "control", cause: "upstream_stalled" });
    assert.equal(context.state.served, asked[2]);
    assert.equal(asked[2]?.attemptReason, "fallback");
  });

  test("gives another variant its own parameters, and another model those of the failed one", async () => {
    const { asked, ask } = serving(
      [
        { kind: "model", model: "model-c" },
        { kind: "variant", variantId: "control" },
      ],
      { "model-b": ill(), "model-c": ill() },
    );
    await ask();
    const bodies = asked.map(({ outgoing }) => JSON.parse(outgoing.toString()));
    assert.deepEqual(
      bodies.slice(1).map(({ model, temperature }) => [model, temperature]),
      [
        ["model-c", 1],
        ["model-a", 0],
      ],
    );
  });

  test("skips what was tried already", async () => {
    const { models, ask } = serving(
      [
        { kind: "variant", variantId: "candidate" },
        { kind: "model", model: "model-c" },
        { kind: "model", model: "model-c" },
        { kind: "variant", variantId: "nobody" },
      ],
      { "model-b": ill(), "model-c": ill() },
    );
    await assert.rejects(ask());
    assert.deepEqual(models(), ["model-b", "model-c"]);
  });

  test("passes a killed variant over, and never the control", async () => {
    const targets: FallbackTarget[] = [
      { kind: "variant", variantId: "other" },
      { kind: "variant", variantId: "control" },
    ];
    const { models, ask } = serving(targets, { "model-b": ill() }, { killed: ["other", "control"] });
    await ask();
    assert.deepEqual(models(), ["model-b", "model-a"]);
    const alive = serving(targets, { "model-b": ill() });
    await alive.ask();
    assert.deepEqual(alive.models(), ["model-b", "model-d"]);
  });

  test("leaves a bug of ours in a later target loud", async () => {
    const targets: FallbackTarget[] = [{ kind: "model", model: "model-c" }, canned];
    const { ask } = serving(targets, { "model-b": ill(), "model-c": ill("internal_error") });
    await assert.rejects(ask(), { code: "internal_error" });
  });

  test("gives the first failure when every target fails", async () => {
    const { context, ask } = serving([{ kind: "model", model: "model-c" }], {
      "model-b": ill("upstream_stalled"),
      "model-c": ill("upstream_rate_limited"),
    });
    await assert.rejects(ask(), { code: "upstream_stalled" });
    assert.equal(context.state.fallback, undefined);
  });

  test("is not made outside of an experiment or without targets", async () => {
    const { ask, models } = serving([], { "model-b": ill() });
    await assert.rejects(ask(), { code: "upstream_error" });
    assert.equal(models().length, 1);
  });

  const final: FailureCode[] = ["upstream_rejected", "client_cancelled", "shutting_down", "internal_error"];
  for (const code of final) {
    test(`does not follow ${code}`, async () => {
      const { models, ask } = serving([canned], { "model-b": ill(code) });
      await assert.rejects(ask(), { code });
      assert.equal(models().length, 1);
    });
  }

  const rescued: FailureCode[] = [
    "breaker_open",
    "overloaded",
    "upstream_quota_exhausted",
    "output_schema_violation",
  ];
  for (const code of rescued) {
    test(`follows ${code}`, async () => {
      const { context, ask } = serving([{ kind: "model", model: "model-c" }], { "model-b": ill(code) });
      await ask();
      assert.equal(context.state.fallback?.cause, code);
    });
  }

  test("does not follow what the configuration wants shown", async () => {
    const { ask } = serving([canned], { "model-b": ill("output_schema_violation", { isFinal: true }) });
    await assert.rejects(ask(), { code: "output_schema_violation" });
  });

  test("goes on to the next target when one cannot be rendered", async () => {
    const experiment = experimentWith({
      variants,
      fallback: [{ kind: "variant", variantId: "control" }, canned],
    });
    const service = fallback({
      now: () => 0,
      isKilled: () => false,
      render: () => {
        throw new Failure("invalid_prompt_variables", "name is missing");
      },
    })(() => Promise.reject(ill()));
    const [, candidate] = variants;
    const plan = { variant: candidate, model: "model-b", prompt: undefined, parameters: {} };
    const answer = await service(renderedRequest({ experiment, plan }), contextOf(revisionOf([experiment])));
    assert.match((await read(answer)).text, /Later\./);
  });
});

describe("a ready answer", () => {
  test("is a whole completion for a client that does not stream", async () => {
    const { context, ask } = serving([canned], { "model-b": ill() });
    const answer = await ask();
    const body = JSON.parse((await read(answer)).text);
    assert.equal(answer.headers["content-type"], "application/json");
    assert.equal(body.choices[0].message.content, "Later.");
    assert.equal(body.choices[0].finish_reason, "stop");
    assert.deepEqual(context.state.fallback, { from: "candidate", to: "canned", cause: "upstream_error" });
    assert.equal((await answer.completion).failure, undefined);
  });

  test("is a stream that ends well for a client that streams", async () => {
    const { ask } = serving([canned], { "model-b": ill() }, { isStream: true });
    const answer = await ask();
    assert.match(answer.headers["content-type"] ?? "", /^text\/event-stream/);
    const { text, failure } = await read(answer);
    assert.equal(failure, undefined);
    const chunks = text
      .split("\n\n")
      .filter((event) => event !== "")
      .map((event) => JSON.parse(event.replace("data: ", "")));
    assert.equal(chunks.map(({ choices }) => choices[0].delta.content ?? "").join(""), "Later.");
    assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
  });

  test("ends the list: what stands behind it is not asked", async () => {
    const { models, ask } = serving([canned, { kind: "model", model: "model-c" }], { "model-b": ill() });
    await ask();
    assert.deepEqual(models(), ["model-b"]);
  });

  test("is all that is left when the deadline has passed", async () => {
    const { context, models, ask } = serving([{ kind: "model", model: "model-c" }, canned], {
      "model-b": ill("deadline_exceeded"),
    });
    context.controller.abort(ill("deadline_exceeded"));
    await ask();
    assert.deepEqual(models(), ["model-b"]);
    assert.equal(context.state.fallback?.to, "canned");
  });
});
