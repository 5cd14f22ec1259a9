import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { answerProblem, completeAnswer, readPrediction } from "../../src/core/prediction.ts";

const path = "/prediction";
const completed = (text: string, facts: Partial<Parameters<typeof completeAnswer>[1]> = {}) =>
  completeAnswer(Buffer.from(text), { path, model: "iris-2", latencyMs: 1.2345, ...facts }).toString();

describe("a prediction as text", () => {
  const cases: readonly (readonly [unknown, string | undefined])[] = [
    ["setosa", "setosa"],
    [2, "2"],
    [0.5, "0.5"],
    [false, "false"],
    ["x".repeat(128), "x".repeat(128)],
    ["x".repeat(129), undefined],
    [["a"], undefined],
    [{ class: "a" }, undefined],
  ];
  for (const [value, expected] of cases) {
    test(`${JSON.stringify(value).slice(0, 20)} is ${expected?.slice(0, 12)}`, () => {
      assert.equal(readPrediction({ prediction: value }, path)?.text, expected);
    });
  }

  test("is there for an answer with a value at the path, and for no other", () => {
    assert.equal(readPrediction({ predictions: [{ label: "a" }] }, "/predictions/0/label")?.text, "a");
    for (const answer of [{}, { prediction: null }, [1], "a", null, 7]) {
      assert.equal(readPrediction(answer, path), undefined);
    }
  });

  test("comes with the version that the server tells, as text", () => {
    const versionOf = (version: unknown) =>
      readPrediction({ prediction: 1, model_version: version }, path)?.modelVersion;
    assert.equal(versionOf("v3"), "v3");
    assert.equal(versionOf(3), "3");
    for (const none of [undefined, null, "", {}]) assert.equal(versionOf(none), undefined);
  });
});

describe("a completed answer", () => {
  test("has the model's name and the latency beside the server's own members", () => {
    assert.equal(
      completed('{"prediction":1.10}'),
      '{"prediction":1.10,"model_version":"iris-2","latency_ms":1.23}',
    );
  });

  test("keeps the version that the server tells, and has our latency in place of its own", () => {
    assert.equal(
      completed('{"latency_ms":9,"model_version":"v3","prediction":"a"}'),
      '{"latency_ms":1.23,"model_version":"v3","prediction":"a"}',
    );
  });

  test("has a prediction that stands elsewhere under its own name too", () => {
    assert.equal(
      completed('{"predictions":[[0.1,0.9]]}', { path: "/predictions/0" }),
      '{"predictions":[[0.1,0.9]],"prediction":[0.1,0.9],"model_version":"iris-2","latency_ms":1.23}',
    );
  });

  test("has no latency where no server was asked", () => {
    assert.match(completed('{"prediction":1}', { latencyMs: undefined }), /"latency_ms":null\}$/);
  });

  test("is the server's answer but for the three members", () => {
    const members = fc.dictionary(
      fc
        .string()
        .filter((name) => !["prediction", "model_version", "latency_ms", "__proto__"].includes(name)),
      fc.jsonValue(),
      { maxKeys: 8 },
    );
    fc.assert(
      fc.property(members, fc.integer(), (others, prediction) => {
        const answer = { ...others, prediction };
        const { model_version, latency_ms, ...rest } = JSON.parse(completed(JSON.stringify(answer)));
        assert.deepEqual(rest, JSON.parse(JSON.stringify(answer)));
        assert.deepEqual([model_version, latency_ms], ["iris-2", 1.23]);
      }),
    );
  });
});

test("a ready answer is a JSON object with a prediction", () => {
  assert.equal(answerProblem('{"prediction":"unknown"}', path), undefined);
  assert.equal(answerProblem('{"label":"unknown"}', path), "it has nothing at /prediction");
  for (const text of ["unknown", "[1]", "{", '{"a":1,"a":2}']) {
    assert.equal(answerProblem(text, path), "it is not a JSON object");
  }
});
