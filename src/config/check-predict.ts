/** Experiments on predictions: what they need beside, and what they must not have of, those on chat. */
import { answerProblem } from "../core/prediction.ts";
import type { Finding } from "./check-shape.ts";
import type { ConfigFile, ExperimentSection, VariantSection } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import { defaultUpstreamOf, modelServerName } from "./model-servers.ts";
import type { YamlSource } from "./yaml-source.ts";

interface One {
  readonly file: ConfigFile;
  readonly id: string;
  readonly experiment: ExperimentSection;
  readonly at: (...segments: readonly (string | number)[]) => string;
  /** The upstream that a model name leads to. */
  readonly upstreamOf: (model: string) => string;
}

export function checkPredictions(file: ConfigFile, source: YamlSource): readonly Finding[] {
  const otherwise = defaultUpstreamOf(file, source.keys.get("/upstreams") ?? []);
  const upstreamOf = (model: string): string => {
    const named = Object.hasOwn(file.models, model) ? file.models[model] : undefined;
    return named?.upstream ?? otherwise;
  };
  return Object.entries(file.experiments).flatMap(([id, experiment]) => {
    const at: One["at"] = (...segments) => pointerOf("experiments", id, ...segments);
    const one: One = { file, id, experiment, at, upstreamOf };
    return [
      ...checkVariants(one),
      ...checkFallback(one),
      ...(experiment.predict === undefined ? [] : [...checkUnused(one), ...checkUnit(one)]),
    ];
  });
}

function checkVariants(one: One): readonly Finding[] {
  const { experiment, at } = one;
  const check = experiment.predict === undefined ? chatVariant : modelServerVariant;
  return Object.entries(experiment.variants).flatMap(([id, variant]) =>
    check(one, id, variant).map(
      ({ member, message }): Finding => ({ pointer: at("variants", id, member), side: "value", message }),
    ),
  );
}

interface VariantProblem {
  readonly member: keyof VariantSection;
  readonly message: string;
}

function chatVariant(one: One, id: string, { url, model }: VariantSection): readonly VariantProblem[] {
  if (url !== undefined) {
    const message =
      "`url` is the address of a model server; add `predict: {}` to the experiment, or name a `model`";
    return [{ member: "url", message }];
  }
  if (model === undefined) return [{ member: "model", message: `\`${id}\` lacks \`model\`; add it` }];
  const message = chatModelProblem(one, model);
  return message === undefined ? [] : [{ member: "model", message }];
}

function modelServerVariant(one: One, id: string, variant: VariantSection): readonly VariantProblem[] {
  const { url, model, prompt } = variant;
  const problems: VariantProblem[] = [];
  const add = (member: VariantProblem["member"], message: string | undefined): void => {
    if (message !== undefined) problems.push({ member, message });
  };
  if (prompt !== undefined) add("prompt", "a prediction has no messages; remove `prompt`");
  if (url === undefined && model === undefined) {
    add("url", `\`${id}\` lacks \`url\`, the address of its model server; add it`);
  }
  if (url !== undefined && !URL.canParse(url)) {
    add("url", "`url` is not an address; write one such as http://127.0.0.1:9000/predict");
  }
  const name = modelServerName(one.id, id);
  if (url !== undefined && Object.hasOwn(one.file.models, name)) {
    add("url", `\`models\` has "${name}", which this \`url\` would be known by; rename that model`);
  }
  if (url === undefined && model !== undefined) add("model", modelServerProblem(one, model));
  return problems;
}

function checkFallback(one: One): readonly Finding[] {
  const { experiment, at } = one;
  return experiment.fallback.flatMap(({ model, answer }, index) => {
    const finding = (member: string, message: string | undefined): readonly Finding[] =>
      message === undefined ? [] : [{ pointer: at("fallback", index, member), side: "value", message }];
    if (experiment.predict === undefined) {
      return model === undefined ? [] : finding("model", chatModelProblem(one, model));
    }
    if (model !== undefined) return finding("model", modelServerProblem(one, model));
    const { prediction_path: path } = experiment.predict;
    const problem = answer === undefined ? undefined : answerProblem(answer, path);
    const cure = 'write a JSON object such as {"prediction": "unknown"}';
    return finding("answer", problem && `the answer is no prediction: ${problem}; ${cure}`);
  });
}

function chatModelProblem({ file, id, upstreamOf }: One, model: string): string | undefined {
  const upstream = upstreamOf(model);
  if (file.upstreams[upstream]?.dialect !== "json") return undefined;
  return `model "${model}" is served by upstream "${upstream}", a model server, which does not chat; add \`predict: {}\` to experiment "${id}", or name another model`;
}

function modelServerProblem({ file, upstreamOf }: One, model: string): string | undefined {
  const upstream = upstreamOf(model);
  const dialect = file.upstreams[upstream]?.dialect;
  // An upstream that is not there is reported where it is named.
  if (dialect === "json" || (dialect === undefined && upstream !== "")) return undefined;
  const where = upstream === "" ? "no upstream" : `upstream "${upstream}", which speaks ${dialect}`;
  return `model "${model}" is served by ${where}; use \`url\`, or name a model whose upstream has \`dialect: json\``;
}

/** Members that mean something on chat only: who writes one expects what will not happen. */
function checkUnused({ experiment, at }: One): readonly Finding[] {
  const { match, output, eligible } = experiment;
  const findings: Finding[] = [];
  const add = (isWrong: boolean, pointer: string, message: string): void => {
    if (isWrong) findings.push({ pointer, side: "value", message });
  };
  add(
    match.models.length > 0,
    at("match", "models"),
    "a prediction names no model; its experiment is named by the path of the request. Remove `models`",
  );
  add(
    output.on_invalid === "repair",
    at("output", "on_invalid"),
    "a model server cannot be asked to repair its answer; use retry, fallback, pass or error",
  );
  add(
    output.check_tool_calls,
    at("output", "check_tool_calls"),
    "a model server calls no tools; remove `check_tool_calls`",
  );
  add(
    output.check_response_format,
    at("output", "check_response_format"),
    "a model server takes no `response_format`; remove `check_response_format`",
  );
  add(
    output.send_response_format,
    at("output", "send_response_format"),
    "a model server takes no `response_format`; remove `send_response_format`",
  );
  add(
    output.stream_mode !== "passthrough",
    at("output", "stream_mode"),
    "a prediction is never streamed; remove `stream_mode`",
  );
  for (const [index, rule] of eligible.entries()) {
    const isWrong = rule.model === true;
    add(isWrong, at("eligible", index), "a prediction names no model; ask about `header` or `metadata`");
  }
  return findings;
}

function checkUnit({ experiment, at }: One): readonly Finding[] {
  const { unit } = experiment;
  if (typeof unit === "string") return [];
  return (unit.from ?? []).flatMap((place, index) => {
    if (/^(header:|metadata\.|baggage:)/.test(place)) return [];
    const message = `the body of a prediction is the model's input, where \`${place}\` may mean anything; use \`header:<name>\`, \`metadata.<key>\` or \`baggage:<key>\``;
    return [{ pointer: at("unit", "from", index), side: "value" as const, message }];
  });
}
