import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Choice } from "../../src/domain/chat.ts";
import type { OnInvalid, StreamMode } from "../../src/domain/config.ts";
import { Failure } from "../../src/domain/failure.ts";
import { validateOutput } from "../../src/policies/validate-output.ts";
import { experimentWith } from "../core/experiment-fixture.ts";
import {
  choiceOf,
  completionOf,
  contextOf,
  renderedRequest,
  revisionOf,
  wholeAnswer,
} from "./policy-fixture.ts";
import { read, streamAnswer } from "./source-fixture.ts";
import { bad, good, partsOf, schema, validating } from "./validate-fixture.ts";

const violation = { code: "output_schema_violation" };

describe("an invalid answer of which nobody has seen anything", () => {
  for (const isStream of [false, true]) {
    const form = isStream ? "a held stream" : "a whole answer";

    test(`is asked again by retry: ${form}`, async () => {
      const { asked, results, ask } = validating({ onInvalid: "retry" }, [[bad], [good]], { isStream });
      await ask();
      assert.deepEqual(results(), ["fail", "pass"]);
      assert.equal(asked[1]?.attemptReason, "retry");
      assert.deepEqual(asked[1]?.outgoing, asked[0]?.outgoing);
    });

    test(`is sent back with its fault by repair: ${form}`, async () => {
      const { asked, results, ask } = validating({ onInvalid: "repair" }, [[bad], [good]], { isStream });
      await ask();
      assert.deepEqual(results(), ["fail", "pass"]);
      assert.equal(asked[1]?.attemptReason, "repair");
      const { messages } = JSON.parse(asked[1]?.outgoing.toString() ?? "");
      assert.deepEqual(messages.slice(0, 2), [
        { role: "user", content: "Hi" },
        { role: "assistant", content: '{"reply":1}' },
      ]);
      assert.match(messages[2].content, /"support": \/reply must be string/);
      assert.equal(messages.length, 3);
    });

    for (const onInvalid of ["error", "fallback"] as const) {
      test(`fails at once by ${onInvalid}: ${form}`, async () => {
        const { asked, ask } = validating({ onInvalid }, [[bad], [good]], { isStream });
        await assert.rejects(ask(), (error) => {
          assert.ok(error instanceof Failure);
          assert.equal(error.code, "output_schema_violation");
          assert.equal(error.status, 502);
          assert.equal(error.details.isFinal, onInvalid === "error");
          assert.match(error.message, /\/reply must be string/);
          return true;
        });
        assert.equal(asked.length, 1);
      });
    }

    test(`goes out as it is by pass, and is recorded: ${form}`, async () => {
      const { asked, results, ask } = validating({ onInvalid: "pass" }, [[bad]], { isStream });
      assert.equal((await ask()).status, 200);
      assert.equal(asked.length, 1);
      assert.deepEqual(results(), ["fail"]);
    });
  }

  for (const onInvalid of ["retry", "repair"] as const) {
    test(`fails when max_repairs are spent, and may fall back: ${onInvalid}`, async () => {
      const { asked, ask } = validating({ onInvalid, maxRepairs: 2 }, [[bad]]);
      await assert.rejects(ask(), (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.code, "output_schema_violation");
        assert.equal(error.details.isFinal, false);
        return true;
      });
      assert.equal(asked.length, 3);
    });
  }

  test("is not asked again without repairs to spend", async () => {
    const { asked, ask } = validating({ onInvalid: "repair", maxRepairs: 0 }, [[bad], [good]]);
    await assert.rejects(ask(), violation);
    assert.equal(asked.length, 1);
  });

  test("names the first member at fault: missing, unknown, or no JSON at all", async () => {
    const messages = ['{"other":1}', '{"reply":"a","other":1}', "I think that"].map(async (content) => {
      const { ask } = validating({}, [[choiceOf({ content })]]);
      return ask().then(
        () => "passed",
        ({ message }: Error) => message.replace(/^.*"support": /, ""),
      );
    });
    assert.deepEqual(await Promise.all(messages), [
      "/reply is missing.",
      "/other is not allowed.",
      "the answer is not JSON.",
    ]);
  });
});

describe("a stream on its way", () => {
  for (const onInvalid of ["retry", "repair", "fallback", "error"] as const satisfies OnInvalid[]) {
    test(`ends with the failure in validate_at_end: ${onInvalid}`, async () => {
      const { asked, results, ask } = validating(
        { onInvalid, streamMode: "validate_at_end" },
        [[bad], [good]],
        {
          isStream: true,
        },
      );
      const answer = await ask();
      const { text, failure } = await read(answer);
      assert.equal(text, "data: x\n\n");
      assert.equal(failure?.code, "output_schema_violation");
      assert.equal((await answer.completion).failure, failure);
      assert.deepEqual(results(), ["fail"]);
      assert.equal(asked.length, 1);
    });
  }

  test("ends well in validate_at_end when it is valid, or when invalid ones pass", async () => {
    const cases: [OnInvalid, Choice, string][] = [
      ["error", good, "pass"],
      ["pass", bad, "fail"],
    ];
    for (const [onInvalid, choice, result] of cases) {
      const { results, ask } = validating({ onInvalid, streamMode: "validate_at_end" }, [[choice]], {
        isStream: true,
      });
      assert.equal((await read(await ask())).failure, undefined);
      assert.deepEqual(results(), [result]);
    }
  });

  test("is not examined when it was cut: the cut is the failure", async () => {
    const experiment = experimentWith({
      output: { ...experimentWith().output, schema: { name: "s", schema }, streamMode: "validate_at_end" },
    });
    const context = contextOf(revisionOf([experiment]));
    const cut = new Failure("upstream_stream_interrupted", "cut");
    const service = validateOutput(partsOf())(async () =>
      streamAnswer(["data: x\n\n"], completionOf({ choices: [bad], failure: cut })),
    );
    assert.equal((await read(await service(renderedRequest({ experiment }), context))).failure, cut);
    assert.deepEqual(context.state.validations, []);
  });

  test("passes unexamined in passthrough, whatever is to be done with invalid ones", async () => {
    for (const onInvalid of ["retry", "repair", "fallback", "error", "pass"] as const) {
      const { results, ask } = validating({ onInvalid, streamMode: "passthrough" }, [[bad]], {
        isStream: true,
      });
      assert.equal((await read(await ask())).failure, undefined);
      assert.deepEqual(results(), ["not_evaluated"]);
    }
  });

  test("of a whole answer the modes say nothing: it is always examined", async () => {
    for (const streamMode of ["passthrough", "buffer", "validate_at_end"] as const satisfies StreamMode[]) {
      await assert.rejects(validating({ streamMode }, [[bad]]).ask(), violation);
    }
  });
});

describe("answers that are no fault of form", () => {
  const cases: [string, Choice, string][] = [
    ["cut at the token limit", choiceOf({ content: '{"rep', finishReason: "length" }), "incomplete"],
    ["refused", choiceOf({ content: undefined, refusal: "I will not." }), "not_evaluated"],
    ["filtered", choiceOf({ content: "", finishReason: "content_filter" }), "not_evaluated"],
    [
      "a tool call while only content is checked",
      choiceOf({
        content: undefined,
        toolCalls: [{ name: "f", arguments: "{" }],
        finishReason: "tool_calls",
      }),
      "not_evaluated",
    ],
  ];
  for (const [name, choice, result] of cases) {
    test(`go out as they are: ${name}`, async () => {
      const { asked, results, ask } = validating({ onInvalid: "repair" }, [[choice]]);
      assert.equal((await ask()).status, 200);
      assert.deepEqual(results(), [result]);
      assert.equal(asked.length, 1);
    });
  }

  test("do not excuse another choice of the same answer", async () => {
    const { results, ask } = validating({}, [[choiceOf({ refusal: "No." }), { ...bad, index: 1 }]]);
    await assert.rejects(ask(), violation);
    assert.deepEqual(results(), ["fail"]);
  });
});

describe("without a check", () => {
  test("answers pass untouched, and nothing is recorded", async () => {
    const { context, ask } = validating({ schema: undefined, streamMode: "validate_at_end" }, [[bad]], {
      isStream: true,
    });
    assert.equal((await read(await ask())).failure, undefined);
    assert.deepEqual(context.state.validations, []);
  });

  test("requests outside of experiments pass untouched", async () => {
    const answer = wholeAnswer({ choices: [bad] });
    const service = validateOutput(partsOf())(async () => answer);
    assert.equal(await service({ ...renderedRequest(), experiment: undefined }, contextOf()), answer);
  });
});
