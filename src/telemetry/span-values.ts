/** Facts of the domain as attribute values: which fact stands where, and which of it must be redacted first. */
import { parseMember, scanBody } from "../core/json-scan.ts";
import type { Choice, RenderedRequest } from "../domain/chat.ts";
import type { PromptFile } from "../domain/prompt.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { AttemptFacts, AttemptResult } from "../domain/trace.ts";
import type { Outgoing, OutgoingValue } from "./outgoing.ts";
import { attribute } from "./semconv.ts";

export type Values = Record<string, OutgoingValue>;

/** What a sampler may ask an attempt's span about, when it starts. */
export function attemptStartValues({ ours, written }: Outgoing, facts: AttemptFacts): Values {
  const { operation } = facts.request.body;
  if (operation === "predict") {
    return {
      [attribute.operation]: ours(operation),
      [attribute.predictModel]: written(facts.target.model),
    };
  }
  return {
    [attribute.operationName]: ours(operation),
    [attribute.providerName]: ours(facts.provider),
    [attribute.requestModel]: written(facts.target.model),
  };
}

/** What stands on an attempt's span when it ends. Content comes as an argument, for it is off by default. */
export function attemptValues(
  { ours, written }: Outgoing,
  facts: AttemptFacts,
  { completion, failure, usage, costUsd, upstreamRequestId }: AttemptResult,
): Values {
  const { request } = facts;
  const finishReasons = (completion?.choices ?? []).flatMap(
    ({ finishReason }) => written(finishReason) ?? [],
  );
  const firstChunkMs = completion?.firstChunkMs;
  const isChat = request.body.operation === "chat";
  const version = written(completion?.responseModel);
  return {
    ...promptValues(ours, request.plan.prompt?.file),
    [attribute.servedVariant]: ours(facts.target.variantId),
    [attribute.upstreamName]: ours(facts.target.upstream),
    [attribute.serverAddress]: ours(facts.serverAddress),
    [attribute.serverPort]: facts.serverPort,
    [attribute.attemptNumber]: facts.number,
    [attribute.attemptReason]: ours(facts.reason),
    [attribute.attemptBackoffMs]: facts.backoffMs > 0 ? facts.backoffMs : undefined,
    [attribute.maybeDuplicate]: failure?.details.maybeDuplicate === true ? true : undefined,
    [attribute.requestStream]: isChat ? request.body.isStream : undefined,
    [attribute.requestChoices]: request.choices > 1 ? request.choices : undefined,
    [attribute.responseId]: written(completion?.responseId),
    [isChat ? attribute.responseModel : attribute.predictModelVersion]: version,
    [attribute.finishReasons]: finishReasons.length > 0 ? finishReasons : undefined,
    [attribute.timeToFirstChunk]: firstChunkMs === undefined ? undefined : firstChunkMs / 1000,
    [attribute.inputTokens]: usage?.inputTokens,
    [attribute.outputTokens]: usage?.outputTokens,
    [attribute.cachedInputTokens]: usage?.cachedInputTokens,
    [attribute.reasoningTokens]: usage?.reasoningTokens,
    [attribute.usageSource]: ours(usage?.source),
    [attribute.usageCost]: costUsd,
    [attribute.malformedChunks]: completion?.malformedChunks || undefined,
    [attribute.upstreamRequestId]: written(upstreamRequestId),
    [attribute.errorType]: ours(failure?.code),
  };
}

/** What stands on the request's own span when it ends. */
export function requestValues({ ours, written }: Outgoing, record: RequestRecord): Values {
  const { fallback, prompt, attempts, validations } = record;
  const sum = (of: "inputTokens" | "outputTokens") => {
    const used = attempts.flatMap(({ usage }) => usage?.[of] ?? []);
    return used.length === 0 ? undefined : used.reduce((total, tokens) => total + tokens, 0);
  };
  return {
    [attribute.servedVariant]: ours(record.servedVariantId),
    [attribute.unitHash]: ours(record.unitHash),
    [attribute.unitSource]: ours(record.unitSource),
    [attribute.assignmentReason]: ours(record.reason),
    [attribute.configRevision]: ours(record.revision),
    ...promptValues(ours, prompt),
    [attribute.ragIndexVersion]: written(record.ragIndexVersion),
    [attribute.tokenIn]: sum("inputTokens"),
    [attribute.tokenOut]: sum("outputTokens"),
    [attribute.usageSource]: ours(record.usage?.source),
    [attribute.costUsd]: record.costUsd,
    [attribute.priceTable]: ours(record.priceTable),
    [attribute.latencyMs]: record.latencyMs,
    [attribute.overheadMs]: record.overheadMs,
    [attribute.timeToFirstChunk]: record.firstChunkMs === undefined ? undefined : record.firstChunkMs / 1000,
    [attribute.attemptNumber]: attempts.length,
    [attribute.fallbackUsed]: fallback === undefined ? undefined : true,
    [attribute.fallbackFrom]: written(fallback?.from),
    [attribute.fallbackTo]: written(fallback?.to),
    [attribute.fallbackCause]: ours(fallback?.cause),
    [attribute.validationResult]: ours(validations.at(-1)?.result),
    [attribute.outcome]: ours(record.outcome),
    [attribute.safetyOutcome]: ours(record.safety),
    [attribute.clientRetry]: record.isClientRetry ? true : undefined,
    [attribute.httpStatus]: record.status,
    [attribute.errorType]: ours(record.errorType),
  };
}

/**
 * The messages, in and out: only where the configuration asks for content. A model's input is never told: features such as an
 * age or an income are personal, and no rule of redaction knows them.
 */
export function contentValues(
  { writtenJson }: Pick<Outgoing, "writtenJson">,
  request: RenderedRequest,
  choices: readonly Choice[] | undefined,
): Values {
  if (request.body.operation !== "chat") return {};
  const messages = scanBody(request.outgoing).members.get("messages");
  const output = choices?.map(({ content, toolCalls }) => ({ content: content ?? null, toolCalls }));
  return {
    [attribute.inputMessages]: messages && writtenJson(parseMember(request.outgoing, messages)),
    [attribute.outputMessages]: output && writtenJson(output),
  };
}

/** A fallback to another variant has another prompt than the request began with. */
export function promptValues(
  ours: Outgoing["ours"],
  file: Pick<PromptFile, "name" | "version" | "hash"> | undefined,
): Values {
  if (file === undefined) return {};
  return {
    [attribute.promptName]: ours(file.name),
    [attribute.promptVersion]: ours(file.version),
    [attribute.promptHash]: ours(file.hash),
  };
}
