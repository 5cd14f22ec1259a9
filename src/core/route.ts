/** What a request asks for, by its model name and headers: an experiment, a prompt, or just a model. */
import type { ChatBody, ChatRequest } from "../domain/chat.ts";
import type { ExperimentConfig, Revision } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { RenderablePrompt } from "../domain/prompt.ts";
import { didYouMean } from "./did-you-mean.ts";

export type Route =
  | {
      readonly kind: "experiment";
      readonly experiment: ExperimentConfig;
      readonly pinnedVariantId: string | undefined;
    }
  | { readonly kind: "prompt"; readonly prompt: RenderablePrompt; readonly model: string }
  | { readonly kind: "model"; readonly model: string };

const experimentPrefix = "experiment/";
const promptPrefix = "prompt/";
const maxNameLength = 128;

export interface RouteRequest extends Pick<ChatRequest, "headers"> {
  readonly body: Pick<ChatBody, "model" | "operation">;
}

/**
 * Throws `model_not_found`, `invalid_header`, `override_not_allowed`, and `unsupported_parameter` for an experiment that has
 * a route of its own and for a header that would choose the upstream. The header wins over the model.
 */
export function routeOf(request: RouteRequest, revision: Revision): Route {
  refuseRouting(request.headers);
  if (request.body.operation === "predict") return predictRoute(request, revision);
  const route = chatRoute(request, revision);
  if (route.kind !== "experiment" || route.experiment.predict === undefined) return route;
  const { id } = route.experiment;
  throw new Failure(
    "unsupported_parameter",
    `Experiment "${id}" is served by model servers, not by chat; post the model's input to /v1/predict/${id}.`,
    { param: "model" },
  );
}

const routingHeaders = ["x-upstream", "x-assay-upstream"] as const;

function refuseRouting(headers: RouteRequest["headers"]): void {
  for (const name of routingHeaders) {
    if (headers[name] === undefined) continue;
    const message = `The header ${name} is not taken: the configuration says where requests go. Leave it out.`;
    throw new Failure("unsupported_parameter", message, { param: name });
  }
}

function chatRoute(request: RouteRequest, revision: Revision): Route {
  const { model } = request.body;
  const named = request.headers["x-assay-experiment"];
  if (named !== undefined) {
    return experimentRoute(checkedName("x-assay-experiment", named), revision, pinOf(request));
  }
  if (model.startsWith(experimentPrefix)) {
    return experimentRoute(model.slice(experimentPrefix.length), revision, pinOf(request));
  }
  if (model.startsWith(promptPrefix)) return promptRoute(model.slice(promptPrefix.length), revision);
  const experiment = revision.experimentByModel.get(model);
  if (experiment !== undefined) return experimentRoute(experiment.id, revision, pinOf(request));
  return { kind: "model", model };
}

/** The path alone names the experiment of a prediction: nothing in its body or headers can choose another. */
function predictRoute(request: RouteRequest, revision: Revision): Extract<Route, { kind: "experiment" }> {
  const name = request.body.model;
  const [id = ""] = name.split("@", 1);
  const { experiments } = revision.config;
  const experiment = Object.hasOwn(experiments, id) ? experiments[id] : undefined;
  const served = Object.values(experiments).filter(({ predict }) => predict !== undefined);
  if (experiment?.predict !== undefined) return experimentRoute(name, revision, pinOf(request));
  if (experiment === undefined)
    throw notFound(
      "experiment of predictions",
      id,
      served.map((one) => one.id),
      "experiment",
    );
  throw new Failure(
    "model_not_found",
    `Experiment "${id}" is served by chat; post to /v1/chat/completions with "model": "experiment/${id}".`,
  );
}

function pinOf(request: RouteRequest): string | undefined {
  const pin = request.headers["x-assay-variant"];
  return pin === undefined ? undefined : checkedName("x-assay-variant", pin);
}

function checkedName(header: string, value: string): string {
  if (/^[\x21-\x7e]+$/.test(value) && value.length <= maxNameLength) return value;
  throw new Failure(
    "invalid_header",
    `${header} must be 1 to ${maxNameLength} printable ASCII characters without spaces.`,
    { param: header },
  );
}

function experimentRoute(
  name: string,
  revision: Revision,
  pinHeader: string | undefined,
): Extract<Route, { kind: "experiment" }> {
  const at = name.indexOf("@");
  const id = at === -1 ? name : name.slice(0, at);
  const { experiments } = revision.config;
  const experiment = Object.hasOwn(experiments, id) ? experiments[id] : undefined;
  if (experiment === undefined) throw notFound("experiment", id, Object.keys(experiments));
  const pin = at === -1 ? pinHeader : name.slice(at + 1);
  if (pin !== undefined) checkPin(experiment, pin);
  return { kind: "experiment", experiment, pinnedVariantId: pin };
}

function checkPin(experiment: ExperimentConfig, pin: string): void {
  const ids = experiment.variants.map(({ id }) => id);
  if (!ids.includes(pin)) throw notFound(`variant of "${experiment.id}" named`, pin, ids);
  if (experiment.allowPins) return;
  throw new Failure(
    "override_not_allowed",
    `Experiment "${experiment.id}" does not permit pinned variants; set allow_pins: true in its configuration.`,
    { param: "model" },
  );
}

function promptRoute(name: string, revision: Revision): Route {
  const prompt = revision.prompts.get(name);
  if (prompt === undefined) throw notFound("prompt", name, revision.prompts.keys());
  const [model] = prompt.file.modelHints;
  if (model !== undefined) return { kind: "prompt", prompt, model };
  throw new Failure(
    "model_not_found",
    `Prompt "${name}" names no model; add model_hints to its front matter.`,
    {
      param: "model",
    },
  );
}

function notFound(what: string, name: string, candidates: Iterable<string>, param = "model"): Failure {
  const meant = didYouMean(name, candidates);
  const listed = [...candidates].slice(0, 20).join(", ");
  const hint = meant === undefined ? `There are: ${listed || "none"}.` : `Did you mean "${meant}"?`;
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return new Failure("model_not_found", `There is no ${what} "${shown}". ${hint}`, { param });
}
