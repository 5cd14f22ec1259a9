import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileContentCheck } from "../../src/core/json-schema.ts";
import { checkInput, inputMetadata, parsePredictBody } from "../../src/core/predict-body.ts";
import { Failure } from "../../src/domain/failure.ts";

const schema = {
  type: "object",
  required: ["flowers"],
  minProperties: 1,
  additionalProperties: false,
  properties: {
    flowers: {
      type: "array",
      items: {
        type: "object",
        required: ["petal_length"],
        properties: { petal_length: { type: "number", minimum: 0 }, colour: { enum: ["blue", "white"] } },
      },
    },
    threshold: { type: "number" },
  },
};

const bodyOf = (input: unknown) => parsePredictBody(Buffer.from(JSON.stringify(input)), "iris");

function failureOf(input: unknown): Failure {
  try {
    checkInput(bodyOf(input), { name: "flower", check: compileContentCheck(schema) });
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    return thrown;
  }
  throw new Error("the input passed");
}

describe("a model's input", () => {
  test("that follows the schema passes", () => {
    checkInput(bodyOf({ flowers: [{ petal_length: 1.4 }] }), {
      name: "flower",
      check: compileContentCheck(schema),
    });
  });

  const faults: readonly (readonly [unknown, string | undefined, string])[] = [
    [
      { flowers: [{ petal_length: "1.4" }] },
      "flowers[0].petal_length",
      'flowers[0].petal_length is a string of 3 characters; it must be number. Correct it; see the input schema "flower".',
    ],
    [
      { flowers: [{ petal_length: 1 }, { petal_length: -2 }] },
      "flowers[1].petal_length",
      'flowers[1].petal_length is -2; it must be >= 0. Correct it; see the input schema "flower".',
    ],
    [
      { flowers: [{}] },
      "flowers[0].petal_length",
      'flowers[0].petal_length is missing. Send it; see the input schema "flower".',
    ],
    [
      { flowers: [], "thresh old": 1 },
      '["thresh old"]',
      '["thresh old"] is not allowed. Leave it out; see the input schema "flower".',
    ],
    [
      { flowers: [{ petal_length: 1, colour: "pink" }] },
      "flowers[0].colour",
      'flowers[0].colour is a string of 4 characters; it must be one of "blue", "white". Correct it; see the input schema "flower".',
    ],
  ];
  for (const [input, param, message] of faults) {
    test(`names the value and the cure: ${param}`, () => {
      const failure = failureOf(input);
      assert.equal(failure.code, "invalid_input");
      assert.equal(failure.status, 422);
      assert.equal(failure.details.param, param);
      assert.equal(failure.message, message);
    });
  }

  test("is told of as a whole where the whole is at fault", () => {
    const check = compileContentCheck({ type: "object", minProperties: 1 });
    assert.throws(
      () => checkInput(bodyOf({}), { name: "flower", check }),
      (thrown) => {
        assert.ok(thrown instanceof Failure);
        assert.equal(thrown.details.param, undefined);
        assert.match(thrown.message, /^The input is an object; it must NOT have fewer than 1 /);
        return true;
      },
    );
  });

  test("may hold members that mean something on chat", () => {
    const body = bodyOf({ model: 7, stream: true, n: 5, messages: "x" });
    assert.equal(body.isStream, false);
    assert.equal(body.model, "iris");
  });

  test("is one JSON object and nothing else", () => {
    for (const text of ["[1]", "7", "{} {}", '{"a":1,"a":2}', ""]) {
      assert.throws(() => parsePredictBody(Buffer.from(text), "iris"), Failure, text);
    }
  });
});

test("an input that is no object is told of nothing that belongs to chat", () => {
  assert.throws(
    () => parsePredictBody(Buffer.from("[1]"), "iris"),
    (thrown: Error) => /Send an object, in braces/.test(thrown.message) && !/"model"/.test(thrown.message),
  );
});

describe("metadata of a model's input", () => {
  test("gives texts and whole numbers, and minds nothing else", () => {
    const metadata = { user_id: "u1", org_id: 42, ratio: 0.5, tags: ["a"], none: null };
    assert.deepEqual(inputMetadata(bodyOf({ metadata })), { user_id: "u1", org_id: "42" });
  });

  test("is empty where there is none, or it is something else", () => {
    for (const input of [{}, { metadata: [1] }, { metadata: "m" }, { metadata: null }]) {
      assert.deepEqual(inputMetadata(bodyOf(input)), {});
    }
  });
});
