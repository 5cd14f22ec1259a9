import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  choicesOf,
  metadataOf,
  parseChatBody,
  unitMember,
  usesHiddenUsage,
} from "../../src/core/chat-body.ts";
import { Failure } from "../../src/domain/failure.ts";

const least = { model: "gpt-4.1", messages: [] };

const bodyOf = (members: object): ReturnType<typeof parseChatBody> =>
  parseChatBody(Buffer.from(JSON.stringify(members)));

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return `${error.code} ${error.details.param}: ${error.message}`;
  }
  return "accepted";
}

describe("parseChatBody", () => {
  test("reads the model, the stream flag and where the members are", () => {
    const body = bodyOf({ ...least, stream: true, tools: [] });
    assert.equal(body.model, "gpt-4.1");
    assert.equal(body.isStream, true);
    assert.deepEqual([...body.members.keys()], ["model", "messages", "stream", "tools"]);
    assert.equal(bodyOf(least).isStream, false);
  });

  test("says which required parameter is missing", () => {
    assert.match(
      refusal(() => bodyOf({ messages: [] })),
      /^missing_required_parameter model: model is missing/,
    );
    assert.match(
      refusal(() => bodyOf({ model: "m" })),
      /^missing_required_parameter messages: messages is missing/,
    );
  });

  test("refuses wrong types and ranges, with the parameter and the cure", () => {
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ model: "" }, /model: model is an empty string; it must be a string of 1 to 256/],
      [{ model: 4 }, /model: model is 4;/],
      [{ model: null }, /model: model is null;/],
      [{ model: "m".repeat(257) }, /model: model is a string of 257 characters/],
      [{ messages: "hi" }, /messages: messages is a string of 2 characters; it must be an array/],
      [{ messages: null }, /messages: messages is null/],
      [{ stream: "true" }, /stream: .*true or false/],
      [{ n: 0 }, /n: n is 0; it must be an integer, 1 to 128/],
      [{ n: 1.5 }, /n: n is 1.5/],
      [{ n: 129 }, /n: n is 129/],
      [{ temperature: 2.1 }, /temperature: .*from 0 to 2/],
      [{ temperature: "0.5" }, /temperature: /],
      [{ top_p: -0.1 }, /top_p: /],
      [{ presence_penalty: 3 }, /presence_penalty: /],
      [{ max_tokens: 0 }, /max_tokens: .*1 or more/],
      [{ max_completion_tokens: -5 }, /max_completion_tokens: /],
      [{ user: 12 }, /user: .*a string/],
      [{ safety_identifier: {} }, /safety_identifier: .*is an object/],
      [{ prompt_cache_key: [] }, /prompt_cache_key: .*is an array/],
      [{ metadata: [] }, /metadata: .*an object of strings/],
      [{ stream_options: [] }, /stream_options: /],
      [{ stream_options: { include_usage: 1 } }, /stream_options: /],
    ];
    for (const [members, expected] of cases) {
      const answer = refusal(() => bodyOf({ ...least, ...members }));
      assert.match(answer, /^invalid_value /);
      assert.match(answer, expected);
    }
  });

  test("accepts the limits, null for what is optional, and parameters that it does not know", () => {
    const accepted = [
      { n: 128, temperature: 2, top_p: 0, max_tokens: 1, model: "m".repeat(256) },
      { n: null, stream: null, temperature: null, metadata: null, stream_options: null, user: null },
      { logit_bias: { 1: 2 }, Custom: true, reasoning_effort: "low" },
    ];
    for (const members of accepted)
      assert.equal(
        refusal(() => bodyOf({ ...least, ...members })),
        "accepted",
      );
  });

  test("never repeats the client's text", () => {
    assert.doesNotMatch(
      refusal(() => bodyOf({ ...least, stream: "my secret" })),
      /secret/,
    );
  });

  test("refuses parameters that choose where a request goes", () => {
    for (const name of ["base_url", "api_base", "api_key", "upstream", "x-upstream", "API_KEY"]) {
      assert.match(
        refusal(() => bodyOf({ ...least, [name]: "x" })),
        new RegExp(`^unsupported_parameter ${name}:`),
      );
    }
  });

  test("refuses another spelling of a parameter that it judges by", () => {
    assert.match(
      refusal(() => bodyOf({ ...least, Model: "other" })),
      /^unsupported_parameter Model: .*"model"/,
    );
  });

  test("refuses spellings by letters that some decoders take for those of ASCII", () => {
    for (const name of ["api_\u212aey", "max_to\u212aens", "me\u017f\u017fages", "u\u017fer"]) {
      assert.match(
        refusal(() => bodyOf({ ...least, [name]: "x" })),
        /^unsupported_parameter /,
        name,
      );
    }
  });
});

describe("usesHiddenUsage", () => {
  test("is true only for streams whose client left usage open", () => {
    const cases: readonly (readonly [object, boolean])[] = [
      [{}, false],
      [{ stream: true }, true],
      [{ stream: true, stream_options: null }, true],
      [{ stream: true, stream_options: { include_obfuscation: false } }, true],
      [{ stream: true, stream_options: { include_usage: null } }, true],
      [{ stream: true, stream_options: { include_usage: false } }, false],
      [{ stream: true, stream_options: { include_usage: true } }, false],
      [{ stream: false, stream_options: {} }, false],
    ];
    for (const [members, expected] of cases) {
      assert.equal(usesHiddenUsage(bodyOf({ ...least, ...members })), expected, JSON.stringify(members));
    }
  });
});

describe("choicesOf and unitMember", () => {
  test("read what the client said, and have defaults", () => {
    const body = bodyOf({ ...least, n: 3, user: "u-1", safety_identifier: null });
    assert.equal(choicesOf(body), 3);
    assert.equal(choicesOf(bodyOf(least)), 1);
    assert.equal(unitMember(body, "user"), "u-1");
    assert.equal(unitMember(body, "safety_identifier"), undefined);
    assert.equal(unitMember(body, "prompt_cache_key"), undefined);
  });
});

describe("metadataOf", () => {
  const read =
    (metadata: unknown): (() => unknown) =>
    () =>
      metadataOf(bodyOf({ ...least, metadata }));

  test("gives the client's own keys, and nothing for none", () => {
    assert.deepEqual(metadataOf(bodyOf({ ...least, metadata: { a: "1", b: "" } })), { a: "1", b: "" });
    assert.deepEqual(metadataOf(bodyOf(least)), {});
    assert.deepEqual(metadataOf(bodyOf({ ...least, metadata: null })), {});
  });

  test("counts characters, not UTF-16 units", () => {
    assert.deepEqual(read({ k: "😀".repeat(512) })(), { k: "😀".repeat(512) });
    assert.match(refusal(read({ k: "😀".repeat(513) })), /metadata\.k: .*513 characters/);
  });

  test("refuses what OpenAI refuses", () => {
    const many = Object.fromEntries(Array.from(Array(17).keys(), (key) => [`k${key}`, "v"]));
    assert.match(refusal(read(many)), /^invalid_value metadata: metadata has 17 keys/);
    assert.match(
      refusal(read({ a: 1 })),
      /^invalid_value metadata\.a: metadata\.a is 1; it must be a string/,
    );
    assert.match(refusal(read({ ["k".repeat(65)]: "v" })), /^invalid_value metadata: .*key of 65 characters/);
  });

  test("keeps a key named __proto__ harmless", () => {
    const bytes = Buffer.from('{"model":"m","messages":[],"metadata":{"__proto__":"x"}}');
    assert.deepEqual(Object.keys(metadataOf(parseChatBody(bytes))), ["__proto__"]);
  });
});
