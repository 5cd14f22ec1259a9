import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileRevision } from "../../src/core/revision.ts";
import { configOf, marked, problemsOf } from "./config-fixture.ts";

const twoUrls = `experiments:
  iris:
    unit: request
    predict: {}
    variants:
      control: { url: "http://127.0.0.1:9001/predict" }
      candidate: { url: "http://127.0.0.1:9002/v1/models/iris:predict/", model: iris-2 }
`;

describe("model servers given by url", () => {
  test("need nothing else: each is an upstream and a model of its own, with the defaults", () => {
    const { upstreams, models, experiments, defaultUpstream } = configOf(twoUrls);
    assert.deepEqual(Object.keys(upstreams), ["iris/control", "iris/candidate"]);
    const given = configOf("upstreams: { a: { dialect: json, base_url: 'http://x/y' } }").upstreams.a;
    assert.deepEqual(
      { ...upstreams["iris/control"], name: "", baseUrl: "" },
      { ...given, name: "", baseUrl: "" },
    );
    assert.equal(upstreams["iris/candidate"]?.baseUrl, "http://127.0.0.1:9002/v1/models/iris:predict/");
    assert.deepEqual(models["iris/control"], {
      upstream: "iris/control",
      upstreamModel: "control",
      price: undefined,
    });
    assert.equal(models["iris/candidate"]?.upstreamModel, "iris-2");
    assert.deepEqual(
      experiments.iris?.variants.map(({ model }) => model),
      ["iris/control", "iris/candidate"],
    );
    assert.deepEqual(experiments.iris?.predict, { input: undefined, predictionPath: "/prediction" });
    assert.equal(defaultUpstream, "iris/control");
  });

  test("stand beside upstreams that chat, which keep being the default", () => {
    const config = configOf(`upstreams:
  server: { dialect: json, base_url: "http://127.0.0.1:1/p" }
  main: {}
${twoUrls}`);
    assert.equal(config.defaultUpstream, "main");
  });

  test("open a new phase when an address changes", () => {
    const phaseOf = (yaml: string) => compileRevision(configOf(yaml), "ab".repeat(32), 0).phases.get("iris");
    assert.equal(phaseOf(twoUrls), phaseOf(`${twoUrls}\n# a comment\n`));
    assert.notEqual(phaseOf(twoUrls), phaseOf(twoUrls.replace("9001", "9003")));
  });

  test("take their input's schema from a file or from the configuration itself", () => {
    const schema = { title: "one flower", type: "object" };
    const inFile = configOf(twoUrls.replace("predict: {}", "predict: { input: ./in.json }"), {
      files: { "in.json": JSON.stringify(schema) },
    });
    assert.deepEqual(inFile.experiments.iris?.predict?.input, { name: "one_flower", schema });
    const inline = configOf(
      twoUrls.replace("predict: {}", "predict: { input: { type: object }, prediction_path: /out/0 }"),
    );
    assert.deepEqual(inline.experiments.iris?.predict, {
      input: { name: "iris", schema: { type: "object" } },
      predictionPath: "/out/0",
    });
  });
});

interface Case {
  readonly says: string;
  readonly yaml: string;
  readonly problem: string;
}

const predict = (lines: string, variants = "{ control: { url: 'http://a/p' } }"): string =>
  `upstreams: { main: {}, server: { dialect: json, base_url: 'http://s/p' } }
models: { served: { upstream: server } }
experiments:
  iris:
    predict: {}
    variants: ${variants}
${lines}`;

const chat = (lines: string, variants = "{ control: { model: a } }"): string =>
  predict(lines, variants).replace("    predict: {}\n", "");

const cases: readonly Case[] = [
  {
    says: "neither upstreams nor urls",
    yaml: "⟦experiments⟧: { tone: { variants: { control: { model: a } } } }\n".replace(/[⟦⟧]/g, ""),
    problem: "the file lacks `upstreams`; add it",
  },
  {
    says: "a url where there is only chat",
    yaml: chat("", "{ control: { url: ⟦http://a/p⟧ } }"),
    problem: "`url` is the address of a model server; add `predict: {}` to the experiment, or name a `model`",
  },
  {
    says: "a variant without a server",
    yaml: predict("", "{ control: { url: 'http://a/p' }, ⟦next⟧: { weight: 1 } }"),
    problem: "`next` lacks `url`, the address of its model server; add it",
  },
  {
    says: "a url with a key in it",
    yaml: predict("", "{ control: { url: ⟦'http://a/p?key=1'⟧ } }"),
    problem:
      '`url` is "http://a/p?key=1"; it must be an http or https address without user, query and fragment, such as http://127.0.0.1:9000/predict',
  },
  {
    says: "a url that is no address",
    yaml: predict("", "{ control: { url: ⟦'http://a:99999/p'⟧ } }"),
    problem: "`url` is not an address; write one such as http://127.0.0.1:9000/predict",
  },
  {
    says: "a model that chats",
    yaml: predict("", "{ control: { model: ⟦gpt⟧ } }"),
    problem:
      'model "gpt" is served by upstream "main", which speaks openai; use `url`, or name a model whose upstream has `dialect: json`',
  },
  {
    says: "a model server in an experiment on chat",
    yaml: chat("", "{ control: { model: ⟦served⟧ } }"),
    problem:
      'model "served" is served by upstream "server", a model server, which does not chat; add `predict: {}` to experiment "iris", or name another model',
  },
  {
    says: "a model server that chat would fall back to",
    yaml: chat("    fallback: [ { model: ⟦served⟧ } ]"),
    problem:
      'model "served" is served by upstream "server", a model server, which does not chat; add `predict: {}` to experiment "iris", or name another model',
  },
  {
    says: "a chat model that a prediction would fall back to",
    yaml: predict("    fallback: [ { model: ⟦gpt⟧ } ]"),
    problem:
      'model "gpt" is served by upstream "main", which speaks openai; use `url`, or name a model whose upstream has `dialect: json`',
  },
  {
    says: "a ready answer without a prediction",
    yaml: predict(`    fallback: [ { answer: ⟦'{"label":1}'⟧ } ]`),
    problem:
      'the answer is no prediction: it has nothing at /prediction; write a JSON object such as {"prediction": "unknown"}',
  },
  {
    says: "a prompt",
    yaml: predict("", "{ control: { url: 'http://a/p', prompt: ⟦a@v1⟧ } }"),
    problem: "a prediction has no messages; remove `prompt`",
  },
  {
    says: "model names of callers",
    yaml: predict("    match: { models: ⟦[ iris ]⟧ }"),
    problem:
      "a prediction names no model; its experiment is named by the path of the request. Remove `models`",
  },
  {
    says: "repair",
    yaml: predict("    output: { on_invalid: ⟦repair⟧ }"),
    problem: "a model server cannot be asked to repair its answer; use retry, fallback, pass or error",
  },
  {
    says: "checks of tool calls",
    yaml: predict("    output: { check_tool_calls: ⟦true⟧ }"),
    problem: "a model server calls no tools; remove `check_tool_calls`",
  },
  {
    says: "a check by a response format",
    yaml: predict("    output: { check_response_format: ⟦true⟧ }"),
    problem: "a model server takes no `response_format`; remove `check_response_format`",
  },
  {
    says: "a response format",
    yaml: predict("    output: { send_response_format: ⟦true⟧ }"),
    problem: "a model server takes no `response_format`; remove `send_response_format`",
  },
  {
    says: "a mode of streaming",
    yaml: predict("    output: { stream_mode: ⟦buffer⟧ }"),
    problem: "a prediction is never streamed; remove `stream_mode`",
  },
  {
    says: "a rule about the model's name",
    yaml: predict("    eligible: [ ⟦{ model: true, in: [a] }⟧ ]"),
    problem: "a prediction names no model; ask about `header` or `metadata`",
  },
  {
    says: "a unit in a member of the input",
    yaml: predict("    unit: { type: user, from: [ 'header:x-user', ⟦user⟧ ] }"),
    problem:
      "the body of a prediction is the model's input, where `user` may mean anything; use `header:<name>`, `metadata.<key>` or `baggage:<key>`",
  },
  {
    says: "a pointer that is none",
    yaml: predict("").replace("predict: {}", "predict: { prediction_path: ⟦prediction⟧ }"),
    problem:
      '`prediction_path` is "prediction"; it must be a JSON Pointer such as /prediction or /predictions/0',
  },
  {
    says: "an input schema that is none",
    yaml: predict("").replace("predict: {}", "predict: { input: { type: ⟦nonsense⟧ } }"),
    problem: "this is not a usable JSON Schema: must be equal to one of the allowed values",
  },
  {
    says: "a model server without an address",
    yaml: "upstreams: { ⟦server⟧: { dialect: json } }\n",
    problem: "`server` is a model server and lacks `base_url`; add its address",
  },
  {
    says: "a model of the name that a url would be known by",
    yaml: predict("", "{ control: { url: ⟦'http://a/p'⟧ } }").replace("served:", "iris/control:"),
    problem: '`models` has "iris/control", which this `url` would be known by; rename that model',
  },
];

describe("a problem of predictions is told with its place", () => {
  for (const { says, yaml, problem } of cases) {
    test(says, () => {
      const { text, position } = yaml.includes("⟦") ? marked(yaml) : { text: yaml, position: "1:1" };
      const problems = problemsOf(text, { files: { "prompts/a/v1.md": "---\n---\n# user\nHi\n" } });
      assert.deepEqual(
        problems.filter((line) => line.startsWith("assay.yaml")),
        [`assay.yaml:${position} ${problem}`],
      );
    });
  }

  test("parameters of any name are a model server's own", () => {
    const yaml = predict("", "{ control: { url: 'http://a/p', parameters: { model: x, n: 3 } } }");
    assert.deepEqual(problemsOf(yaml), []);
  });
});
