/** The attributes of each kind of span and event that come again: what is the same for many requests. */
import type { Redacted } from "../core/redaction.ts";
import { GroupMemo } from "./attribute-group.ts";
import { key } from "./attribute-key.ts";
import { ours } from "./outgoing.ts";
import type { AttributeSink } from "./span-sink.ts";

type Text = Redacted | undefined;

/** They stand on every span that a backend may ask about alone: backends do not join spans. */
type Shared = readonly [experimentId: Text, variantId: Text];

/** A fallback to another variant has another prompt than the request began with. */
type Prompt = readonly [name: Text, version: Text, hash: Text];

type Assignment = readonly [
  experimentId: Text,
  assigned: Text,
  served: Text,
  reason: Text,
  flagReason: Text,
  version: Text,
];

export const assignment = new GroupMemo<Assignment>((to, parts) => {
  const [experimentId, assigned, , reason] = parts;
  tellShared(to, [experimentId, assigned]);
  tellFlag(to, parts);
  to.text(key.assignmentReason, reason);
});

export const flagEvaluation = new GroupMemo<Assignment>((to, parts) => {
  tellFlag(to, parts);
  to.text(key.experimentId, parts[0]);
});

export const rendering = new GroupMemo<
  readonly [...Prompt, messages: number, characters: number, errorType: Text]
>((to, [name, version, hash, messages, characters, errorType]) => {
  tellPrompt(to, [name, version, hash]);
  to.number(key.promptMessages, messages);
  to.number(key.promptChars, characters);
  to.text(key.errorType, errorType);
});

export const attempt = new GroupMemo<
  readonly [
    model: Text,
    ...Shared,
    ...Prompt,
    servedVariant: Text,
    operation: "chat" | "predict",
    isStream: boolean,
    provider: Text,
    upstream: Text,
    address: Text,
    port: number,
    number: number,
    reason: Text,
    responseModel: Text,
    finishReason: Text,
    usageSource: Text,
    errorType: Text,
  ]
>((to, [model, experimentId, variantId, promptName, promptVersion, promptHash, servedVariant, ...rest]) => {
  const [operation, isStream, provider, upstream, address, port, number, reason, ...answer] = rest;
  const [responseModel, finishReason, usageSource, errorType] = answer;
  const isChat = operation === "chat";
  tellShared(to, [experimentId, variantId]);
  to.text(isChat ? key.operationName : key.operation, ours(operation));
  to.text(isChat ? key.requestModel : key.predictModel, model);
  if (isChat) {
    to.text(key.providerName, provider);
    to.flag(key.requestStream, isStream);
  }
  tellPrompt(to, [promptName, promptVersion, promptHash]);
  to.text(key.servedVariant, servedVariant);
  to.text(key.upstreamName, upstream);
  to.text(key.serverAddress, address);
  to.number(key.serverPort, port);
  to.number(key.attemptNumber, number);
  to.text(key.attemptReason, reason);
  to.text(isChat ? key.responseModel : key.predictModelVersion, responseModel);
  if (finishReason !== undefined) to.texts(key.finishReasons, [finishReason]);
  to.text(key.usageSource, usageSource);
  to.text(key.errorType, errorType);
});

type Validation = readonly [name: Text, result: Text, ...Shared];

export const validation = new GroupMemo<Validation>((to, [name, result, ...shared]) => {
  tellShared(to, shared);
  to.text(key.validationName, name);
  to.text(key.validationResult, result);
});

export const evaluation = new GroupMemo<Validation>((to, [name, result, ...shared]) => {
  tellShared(to, shared);
  to.text(key.evaluationName, name);
  to.text(key.evaluationLabel, result);
});

export const guardrail = new GroupMemo<
  readonly [...Shared, name: Text, check: Text, stage: Text, verdict: Text, isShadow: boolean]
>((to, [experimentId, variantId, name, check, stage, verdict, isShadow]) => {
  tellShared(to, [experimentId, variantId]);
  to.text(key.guardrailName, name);
  to.text(key.guardrailCheck, check);
  to.text(key.guardrailStage, stage);
  to.text(key.guardrailAction, verdict);
  if (isShadow) to.flag(key.guardrailShadow, true);
});

export const request = new GroupMemo<
  readonly [
    servedVariant: Text,
    ...Shared,
    ...Prompt,
    method: Text,
    route: Text,
    unitSource: Text,
    reason: Text,
    revision: Text,
    usageSource: Text,
    priceTable: Text,
    attempts: number,
    validation: Text,
    outcome: Text,
    safety: Text,
    status: number,
    errorType: Text,
  ]
>((to, [servedVariant, experimentId, variantId, promptName, promptVersion, promptHash, ...rest]) => {
  const [method, route, unitSource, reason, revision, usageSource, priceTable, attempts, ...end] = rest;
  const [validationResult, outcome, safety, status, errorType] = end;
  to.text(key.httpMethod, method);
  to.text(key.httpRoute, route);
  to.text(key.urlScheme, ours("http"));
  tellShared(to, [experimentId, variantId]);
  to.text(key.servedVariant, servedVariant);
  to.text(key.unitSource, unitSource);
  to.text(key.assignmentReason, reason);
  to.text(key.configRevision, revision);
  tellPrompt(to, [promptName, promptVersion, promptHash]);
  to.text(key.usageSource, usageSource);
  to.text(key.priceTable, priceTable);
  to.number(key.attemptNumber, attempts);
  to.text(key.validationResult, validationResult);
  to.text(key.outcome, outcome);
  to.text(key.safetyOutcome, safety);
  to.number(key.httpStatus, status);
  to.text(key.errorType, errorType);
});

function tellShared(to: AttributeSink, [experimentId, variantId]: Shared): void {
  to.text(key.experimentId, experimentId);
  to.text(key.variant, variantId);
}

/** The assignment in the words of the feature-flag conventions. */
function tellFlag(to: AttributeSink, [experimentId, , served, , flagReason, version]: Assignment): void {
  to.text(key.flagKey, experimentId);
  to.text(key.flagVariant, served);
  to.text(key.flagReason, flagReason);
  to.text(key.flagVersion, version);
  to.text(key.flagProvider, ours("assay"));
}

function tellPrompt(to: AttributeSink, [name, version, hash]: Prompt): void {
  to.text(key.promptName, name);
  to.text(key.promptVersion, version);
  to.text(key.promptHash, hash);
}
