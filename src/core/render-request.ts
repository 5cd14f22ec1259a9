/** The bytes that an upstream gets: the client's own, with only those members changed that the plan changes. */
import type { AssignedRequest, RenderedRequest, ServingPlan, Target } from "../domain/chat.ts";
import type { Config, OutputConfig, Revision } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { AttemptReason } from "../domain/record.ts";
import { choicesOf, metadataOf, usesHiddenUsage } from "./chat-body.ts";
import { isObject } from "./chat-completion.ts";
import { type Edit, parseMember, scanOwnBody, spliceBody } from "./json-scan.ts";
import { combineMessages, promptVariables } from "./prompt.ts";

/** Throws `invalid_prompt_variables`. */
export function renderRequest(
  request: AssignedRequest,
  plan: ServingPlan,
  facts: { readonly revision: Revision; readonly reason: AttemptReason },
): RenderedRequest {
  const { body } = request;
  const { config } = facts.revision;
  const model = Object.hasOwn(config.models, plan.model) ? config.models[plan.model] : undefined;
  const target = {
    upstream: model?.upstream ?? config.defaultUpstream,
    model: model?.upstreamModel ?? plan.model,
    variantId: plan.variant?.id,
  };
  const hidesUsage = usesHiddenUsage(body);
  const edits = new Map<string, Edit>(encodedParameters(plan.parameters));
  if (body.operation === "chat") {
    refuseModelServer(config, target);
    addChatMembers(edits, request, { plan, target, hidesUsage, revision: facts.revision });
  }
  return {
    ...request,
    plan,
    target,
    outgoing: edits.size === 0 ? body.bytes : spliceBody(body.bytes, body.members, edits),
    hidesUsage,
    choices: choicesOf(body),
    attemptReason: facts.reason,
    backoffMs: 0,
  };
}

/** What a chat body alone has: a model's input is sent with the variant's parameters, and otherwise as it came. */
function addChatMembers(
  edits: Map<string, Edit>,
  request: AssignedRequest,
  facts: { plan: ServingPlan; target: Target; hidesUsage: boolean; revision: Revision },
): void {
  const { body, experiment } = request;
  const { plan, target } = facts;
  if (target.model !== body.model) edits.set("model", json(target.model));
  const messages = messagesOf(request, plan, facts.revision);
  if (messages !== undefined) edits.set("messages", messages);
  if (facts.hidesUsage) {
    edits.set("stream_options", json({ ...streamOptions(request), include_usage: true }));
  }
  const schema = experiment?.output.sendResponseFormat === true ? experiment.output.schema : undefined;
  if (schema === undefined || body.members.has("response_format")) return;
  edits.set("response_format", encodedFormat(schema));
}

/** Of a variant, encoded once. */
const encodedParameters = once((parameters: ServingPlan["parameters"]) =>
  Object.entries(parameters).map(([name, value]): [string, Buffer] => [name, json(value)]),
);

const encodedFormat = once((schema: NonNullable<OutputConfig["schema"]>) =>
  json({ type: "json_schema", json_schema: { name: schema.name, schema: schema.schema } }),
);

/** Remembers what it made of each object, as long as the object lives. */
function once<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}

function refuseModelServer({ upstreams }: Config, { upstream, model }: Target): void {
  if (upstreams[upstream]?.dialect !== "json") return;
  throw new Failure(
    "unsupported_parameter",
    `Model "${model}" is served by a model server, which does not chat; post its input to /v1/predict/<experiment>, or name an upstream of dialect openai for it.`,
    { param: "model" },
  );
}

/** The same request with two more messages: what was answered, and what was wrong with it. */
export function repairRequest(request: RenderedRequest, answer: string, complaint: string): RenderedRequest {
  // What we send has other offsets than what the client sent.
  const { members } = scanOwnBody(request.outgoing);
  const messagesRange = members.get("messages");
  if (messagesRange === undefined) return request;
  const edit = combineMessages({
    rendered: {
      messages: [
        { role: "assistant", content: answer },
        { role: "user", content: complaint },
      ],
    },
    combine: "append",
    bytes: request.outgoing,
    messagesRange,
  });
  if (edit === undefined) return request;
  const outgoing = spliceBody(request.outgoing, members, new Map([["messages", edit]]));
  return { ...request, outgoing, attemptReason: "repair", backoffMs: 0 };
}

function messagesOf(request: AssignedRequest, plan: ServingPlan, revision: Revision): Edit {
  const { body, headers } = request;
  const { prompt } = plan;
  const messagesRange = body.members.get("messages");
  if (prompt === undefined || messagesRange === undefined) return undefined;
  const variables = promptVariables(prompt.file, {
    metadata: metadataOf(body),
    header: headers["x-assay-prompt-variables"],
    siblings: () =>
      request.experiment?.variants.flatMap(
        (variant) => (variant.prompt && revision.prompts.get(variant.prompt)?.file) || [],
      ) ?? [],
  });
  return combineMessages({
    rendered: prompt.render(variables),
    combine: prompt.file.combine,
    bytes: body.bytes,
    messagesRange,
  });
}

function streamOptions(request: AssignedRequest): Record<string, unknown> {
  const member = request.body.members.get("stream_options");
  if (member === undefined) return {};
  const options = parseMember(request.body.bytes, member);
  return isObject(options) ? options : {};
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
