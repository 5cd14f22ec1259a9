import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { Canceller } from "../../src/core/canceller.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { AskCall, GuardrailSubject } from "../../src/domain/guardrail.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { type Asking, askingAt } from "../support/asking.ts";
import { asked, checkOf, evaluation, inputOf, outputOf } from "./asked-fixture.ts";

const inputsOf = ({ body }: AskCall) => body.input as readonly string[];
const clean = { flagged: false, categories: { violence: false }, category_scores: { violence: 0.01 } };

/** Flags what contains "bad". */
const plain = (call: AskCall) => ({
  results: inputsOf(call).map((text) => ({
    flagged: text.includes("bad"),
    categories: { violence: text.includes("bad"), hate: false },
    category_scores: { violence: text.includes("bad") ? 0.7 : 0.1, hate: 0.3 },
  })),
});

function moderation(
  settings: string,
  answer: (call: AskCall) => unknown = plain,
  now: () => number = () => 0,
) {
  const { calls, ask } = asked(answer);
  const check = checkOf("moderation", settings, { ask, now });
  const judge = async (subject: GuardrailSubject, signal = new Canceller().signal) =>
    check.judge(subject, evaluation({ signal }));
  return { calls, judge };
}

describe("moderation over the wire", () => {
  let upstream: ScriptedUpstream;
  let asking: Asking;
  before(async () => {
    upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
    asking = await askingAt(upstream.url);
  });
  after(async () => {
    await asking.close();
    await upstream.close();
  });

  test("finds what the endpoint flags, and asks in one question", async () => {
    const check = checkOf("moderation", "{}", { ask: asking.ask });
    const judgement = await check.judge(inputOf("hello", "I will attack"), evaluation());
    assert.deepEqual(judgement, { kind: "found", reason: "violence" });
    const seen = upstream.requests.at(-1);
    assert.equal(seen?.path, "/v1/moderations");
    assert.deepEqual(JSON.parse(seen?.body.toString() ?? ""), {
      input: ["hello", "I will attack"],
      model: "omni-moderation-latest",
    });
    assert.deepEqual(await check.judge(outputOf("all is well"), evaluation()), { kind: "pass" });
  });

  test("gives no verdict while the endpoint fails", async () => {
    const check = checkOf("moderation", "{}", { ask: asking.ask });
    for (const fault of ["server_error", "invalid_json_body", "error_in_200", "cut", "gzip", "redirect"]) {
      const text = `about ${fault} [[fault:${fault}]]`;
      await assert.rejects(async () => check.judge(inputOf(text), evaluation()), {
        code: "guardrail_failed",
      });
    }
  });
});

describe("what moderation counts", () => {
  const scored = (scores: Readonly<Record<string, unknown>>) => () => ({
    results: [
      { ...clean, category_scores: scores, categories: { violence: true, hate: false, sexual: null } },
    ],
  });
  const cases: readonly (readonly [
    settings: string,
    scores: Record<string, unknown>,
    reason: string | undefined,
  ])[] = [
    ["{ threshold: 0.5 }", { violence: 0.5, hate: 0.49 }, "violence"],
    ["{ threshold: 0.5 }", { violence: 0.1, hate: 0.49 }, undefined],
    ["{ threshold: 0.5 }", { violence: 0.1, illicit: null, hate: 0.6 }, "hate"],
    ["{ categories: { hate: 0.2 } }", { violence: 0.9, hate: 0.2 }, "hate"],
    ["{ categories: { hate: 0.2 } }", { violence: 0.9, hate: 0.1 }, undefined],
    ["{ categories: { violence: true, hate: true } }", {}, "violence"],
    ["{ categories: { violence: true, hate: 0.2 }, threshold: 0.8 }", { violence: 0.7, hate: 0.7 }, "hate"],
    ["{}", { violence: 0.99 }, undefined],
  ];
  for (const [settings, scores, reason] of cases) {
    test(`${settings} of ${JSON.stringify(scores)} is ${reason ?? "nothing"}`, async () => {
      const { judge } = moderation(settings, scored(scores));
      const wanted = reason === undefined ? { kind: "pass" } : { kind: "found", reason };
      assert.deepEqual(await judge(inputOf("x")), wanted);
    });
  }

  test("tells all categories once, in one order, and no name of the endpoint's own making", async () => {
    const { judge } = moderation("{}", ({ body }) => ({
      results: (body.input as string[]).map((text) => ({
        flagged: true,
        categories: { violence: true, hate: true, [`you said ${text}`]: true, newly: true },
      })),
    }));
    assert.deepEqual(await judge(inputOf("my secret", "another")), {
      kind: "found",
      reason: "another category, hate, violence",
    });
  });

  test("of a request is what its user and tools say, of an answer all of it", async () => {
    const { judge, calls } = moderation("{}");
    const texts = [
      ["system", "s"],
      ["user", "u"],
      ["assistant", "a"],
      ["tool", "t"],
      ["user", ""],
    ] as const;
    await judge(inputOf(...texts));
    assert.deepEqual(calls.flatMap(inputsOf), ["u", "t"]);
    assert.deepEqual(await judge(inputOf(["system", "s"], ["user", ""])), {
      kind: "not_evaluated",
      reason: "no text",
    });
    await judge(outputOf("answer"));
    assert.deepEqual(calls.flatMap(inputsOf), ["u", "t", "answer"]);
    const every = moderation("{ roles: [system, assistant] }");
    await every.judge(inputOf(...texts));
    assert.deepEqual(every.calls.flatMap(inputsOf), ["s", "a"]);
  });
});

describe("a moderation that was not answered as asked fails, and quotes nobody", () => {
  const answers: readonly (readonly [says: string, settings: string, answer: unknown])[] = [
    ["no object", "{}", null],
    ["no results", "{}", {}],
    ["too few results", "{}", { results: [] }],
    ["too many results", "{}", { results: [clean, clean] }],
    ["a result that is no object", "{}", { results: [true] }],
    ["no flag", "{}", { results: [{ categories: {}, category_scores: {} }] }],
    ["a flag that is none", "{}", { results: [{ ...clean, flagged: "false" }] }],
    ["no scores", "{ threshold: 0.5 }", { results: [{ flagged: false, categories: {} }] }],
    ["an unknown category", "{ categories: { violance: true } }", { results: [clean] }],
    ["a category of the prototype", "{ categories: { toString: true } }", { results: [clean] }],
    ["an unknown score", "{ categories: { violance: 0.5 } }", { results: [clean] }],
  ];
  for (const [says, settings, answer] of answers) {
    test(says, async () => {
      const { judge } = moderation(settings, () => answer);
      await assert.rejects(judge(inputOf("the user's own words")), (thrown) => {
        assert.ok(thrown instanceof Failure);
        assert.equal(thrown.code, "guardrail_failed");
        assert.doesNotMatch(inspect(thrown, { depth: 9 }), /the user's own/);
        return true;
      });
    });
  }

  test("any JSON that is no moderation", async () => {
    let said: unknown;
    const { judge } = moderation("{}", () => said);
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (answer) => {
        said = answer;
        await assert.rejects(judge(inputOf("x")), { code: "guardrail_failed" });
      }),
    );
  });
});

describe("long texts", () => {
  test("are asked about in pieces that overlap, so that all of it is seen", async () => {
    const phrase = `bad ${"z".repeat(195)}.`;
    const { judge, calls } = moderation("{ max_chars: 1000, cache_entries: 0 }", (call) => ({
      results: inputsOf(call).map((piece) => ({
        flagged: piece.includes(phrase),
        categories: { violence: true },
      })),
    }));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 12_000 }), async (at) => {
        const text = `${"x".repeat(at)}${phrase}${"y".repeat(12_000 - at)}`;
        assert.deepEqual(await judge(inputOf(text)), { kind: "found", reason: "violence" });
        assert.ok(calls.flatMap(inputsOf).every((piece) => piece.length <= 1000));
      }),
    );
  });

  test("are whole where they fit, and well-formed where they are cut", async () => {
    const { judge, calls } = moderation("{ max_chars: 1000 }");
    await judge(inputOf("x".repeat(1000)));
    assert.equal(calls.flatMap(inputsOf).length, 1);
    await judge(inputOf("😀".repeat(3000)));
    assert.ok(calls.flatMap(inputsOf).every((piece) => piece.isWellFormed()));
  });

  test("and many texts are asked about in questions of 32", async () => {
    const { judge, calls } = moderation("{}");
    const texts = Array.from({ length: 70 }, (_, index) => `text ${index}`);
    assert.deepEqual(await judge(inputOf(...texts, "bad")), { kind: "found", reason: "violence" });
    assert.deepEqual(
      calls.map((call) => inputsOf(call).length),
      [32, 32, 7],
    );
  });

  test("beyond 256 pieces have no verdict, and nobody is asked", async () => {
    const { judge, calls } = moderation("{}");
    const texts = Array.from({ length: 257 }, (_, index) => `text ${index}`);
    await assert.rejects(judge(inputOf(...texts)), { code: "guardrail_failed" });
    assert.equal(calls.length, 0);
    assert.deepEqual(await judge(inputOf(...texts.slice(1))), { kind: "pass" });
  });
});

describe("what moderation remembers", () => {
  test("is asked once, for as long as it may be remembered", async () => {
    const clock = { now: 0 };
    const { judge, calls } = moderation("{ cache_ttl_ms: 1000 }", plain, () => clock.now);
    const found = { kind: "found", reason: "violence" };
    assert.deepEqual(await judge(inputOf("bad")), found);
    clock.now = 999;
    assert.deepEqual(await judge(inputOf("bad")), found);
    assert.deepEqual(await judge(outputOf("bad")), found);
    assert.equal(calls.length, 1);
    clock.now = 1000;
    assert.deepEqual(await judge(inputOf("bad")), found);
    assert.equal(calls.length, 2);
  });

  test("is of the texts that are new alone: a conversation grows by its last message", async () => {
    const { judge, calls } = moderation("{}");
    await judge(inputOf("one"));
    await judge(inputOf("one", ["assistant", "said"], "two"));
    await judge(inputOf("one", ["assistant", "said"], "two", ["assistant", "more"], "three", "three"));
    assert.deepEqual(calls.map(inputsOf), [["one"], ["two"], ["three"]]);
  });

  test("is bounded, and may be nothing", async () => {
    const bounded = moderation("{ cache_entries: 1 }");
    for (const text of ["a", "b", "b", "a"]) await bounded.judge(inputOf(text));
    assert.deepEqual(bounded.calls.flatMap(inputsOf), ["a", "b", "a"]);
    const none = moderation("{ cache_entries: 0 }");
    for (const text of ["a", "a", "bad"]) await none.judge(inputOf(text));
    assert.equal(none.calls.length, 3);
  });

  test("is no failure", async () => {
    let isWell = false;
    const { judge, calls } = moderation("{}", (call) => (isWell ? plain(call) : {}));
    await assert.rejects(judge(inputOf("bad")), { code: "guardrail_failed" });
    isWell = true;
    assert.deepEqual(await judge(inputOf("bad")), { kind: "found", reason: "violence" });
    assert.equal(calls.length, 2);
  });
});

describe("the same text at the same time", () => {
  function waiting() {
    const open = Promise.withResolvers<unknown>();
    const given = moderation("{}", () => open.promise);
    return { ...given, answer: () => open.resolve({ results: [clean] }) };
  }

  test("is one question", async () => {
    const { judge, calls, answer } = waiting();
    const judgements = [judge(inputOf("same")), judge(inputOf("same", "same")), judge(outputOf("same"))];
    answer();
    for (const each of judgements) assert.deepEqual(await each, { kind: "pass" });
    assert.equal(calls.length, 1);
  });

  test("goes on when one of those who wait has gone, and is given up with the last", async () => {
    const { judge, calls, answer } = waiting();
    const cancellers = [new Canceller(), new Canceller()];
    const judgements = cancellers.map(({ signal }) => judge(inputOf("same"), signal));
    const reason = new Failure("client_cancelled", "gone");
    cancellers[0]?.abort(reason);
    await assert.rejects(judgements[0] ?? assert.fail(), reason);
    assert.equal(calls[0]?.signal.aborted, false);
    cancellers[1]?.abort(reason);
    await assert.rejects(judgements[1] ?? assert.fail(), reason);
    assert.equal(calls[0]?.signal.aborted, true);
    // One who comes now asks anew: what was given up was another's.
    const late = judge(inputOf("same"));
    answer();
    assert.deepEqual(await late, { kind: "pass" });
    assert.equal(calls.length, 2);
  });

  test("is asked anew by those who joined when it failed: another's text may be why", async () => {
    const open = Promise.withResolvers<void>();
    const { judge, calls } = moderation("{}", async (call) => {
      if (inputsOf(call).includes("poison")) {
        await open.promise;
        throw new Failure("guardrail_failed", "choked");
      }
      return plain(call);
    });
    const poisoned = judge(inputOf("bad", "poison"));
    const joined = [judge(inputOf("bad")), judge(inputOf("bad"))];
    open.resolve();
    await assert.rejects(poisoned, { message: "choked" });
    for (const each of joined) assert.deepEqual(await each, { kind: "found", reason: "violence" });
    assert.deepEqual(calls.map(inputsOf), [["bad", "poison"], ["bad"]]);
  });
});
