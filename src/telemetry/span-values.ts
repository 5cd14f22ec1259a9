/** Facts of the domain as attributes: which fact stands where, and which of it must be redacted first. */
import { inputMessages, outputMessages } from "../core/messages.ts";
import type { Redacted } from "../core/redaction.ts";
import type { AssignedRequest, Choice, Headers, RenderedRequest } from "../domain/chat.ts";
import type { GuardrailRecord } from "../domain/guardrail.ts";
import type { PromptFile } from "../domain/prompt.ts";
import type { AttemptRecord, RequestRecord, ValidationRecord } from "../domain/record.ts";
import type { AttemptFacts, AttemptResult, ForwardFacts } from "../domain/trace.ts";
import * as group from "./attribute-groups.ts";
import { key } from "./attribute-key.ts";
import type { ContentPolicy, Outgoing } from "./outgoing.ts";
import { flagReasons } from "./semconv.ts";
import type { AttributeSink } from "./span-sink.ts";

/** An assignment, for its span and for its event. */
export function tellAssignment(
  to: AttributeSink,
  { ours }: Outgoing,
  { request: { experiment, assignment }, as }: { request: AssignedRequest; as: "span" | "event" },
): void {
  if (experiment === undefined || assignment === undefined) return;
  const groups = as === "span" ? group.assignment : group.flagEvaluation;
  to.group(
    groups.of([
      ours(experiment.id),
      ours(assignment.assignedVariantId),
      ours(assignment.servedVariantId),
      ours(assignment.reason),
      ours(flagReasons[assignment.reason] ?? assignment.reason),
      ours(experiment.salt),
    ]),
  );
}

export function tellRendered(
  to: AttributeSink,
  { ours }: Outgoing,
  { file, failureCode }: { file: PromptFile; failureCode: string | undefined },
): void {
  let characters = 0;
  for (const { text } of file.blocks) characters += text.length;
  to.group(
    group.rendering.of([
      ours(file.name),
      ours(file.version),
      ours(file.hash),
      file.blocks.length,
      characters,
      ours(failureCode),
    ]),
  );
}

/** What an attempt's span is about, redacted where it must be: its name has the model too. */
export interface AttemptTold {
  readonly facts: AttemptFacts;
  readonly result: AttemptResult;
  readonly model: Redacted | undefined;
  readonly assigned: AssignedRequest | undefined;
}

export function tellAttempt(
  to: AttributeSink,
  { ours, written }: Outgoing,
  { facts, result, model, assigned }: AttemptTold,
): void {
  const { request, target } = facts;
  const { completion, failure, usage } = result;
  const { operation, isStream } = request.body;
  const choices = completion?.choices ?? [];
  const prompt = request.plan.prompt?.file;
  const reasons = choices.flatMap(({ finishReason }) => written(finishReason) ?? []);
  to.group(
    group.attempt.of([
      model,
      ours(assigned?.experiment?.id),
      ours(assigned?.assignment?.assignedVariantId),
      ours(prompt?.name),
      ours(prompt?.version),
      ours(prompt?.hash),
      ours(target.variantId),
      operation,
      isStream,
      ours(facts.provider),
      ours(target.upstream),
      ours(facts.serverAddress),
      facts.serverPort,
      facts.number,
      ours(facts.reason),
      written(completion?.responseModel),
      reasons.length === 1 ? reasons[0] : undefined,
      ours(usage?.source),
      ours(failure?.code),
    ]),
  );
  if (reasons.length > 1) to.texts(key.finishReasons, reasons);
  if (facts.backoffMs > 0) to.number(key.attemptBackoffMs, facts.backoffMs);
  if (request.choices > 1) to.number(key.requestChoices, request.choices);
  to.text(key.responseId, written(completion?.responseId));
  tellFirstChunk(to, completion?.firstChunkMs);
  to.number(key.malformedChunks, completion?.malformedChunks || undefined);
  to.number(key.inputTokens, usage?.inputTokens);
  to.number(key.outputTokens, usage?.outputTokens);
  to.number(key.cachedInputTokens, usage?.cachedInputTokens);
  to.number(key.reasoningTokens, usage?.reasoningTokens);
  to.number(key.usageCost, result.costUsd);
  to.text(key.upstreamRequestId, written(result.upstreamRequestId));
  if (failure?.details.maybeDuplicate === true) to.flag(key.maybeDuplicate, true);
}

export function tellForward(
  to: AttributeSink,
  { ours }: Outgoing,
  { facts, status, failureCode }: ForwardTold,
): void {
  to.text(key.httpMethod, ours(facts.method));
  to.text(key.upstreamName, ours(facts.upstream));
  to.text(key.serverAddress, ours(facts.serverAddress));
  to.number(key.serverPort, facts.serverPort);
  to.number(key.httpStatus, status);
  to.text(key.errorType, ours(failureCode));
}

interface ForwardTold {
  readonly facts: ForwardFacts;
  readonly status: number | undefined;
  readonly failureCode: string | undefined;
}

/** A check of the output, for its span and for its event. */
export function tellValidation(
  to: AttributeSink,
  { ours, written }: Outgoing,
  {
    record,
    assigned,
    as,
  }: { record: ValidationRecord; assigned: AssignedRequest | undefined; as: "span" | "event" },
): void {
  const isSpan = as === "span";
  const groups = isSpan ? group.validation : group.evaluation;
  to.group(
    groups.of([
      ours(record.name),
      ours(record.result),
      ours(assigned?.experiment?.id),
      ours(assigned?.assignment?.assignedVariantId),
    ]),
  );
  to.text(isSpan ? key.validationErrorPath : key.evaluationExplanation, written(record.errorPath));
}

/** One evaluation. Its reason is of our words and the configuration's. */
export function tellGuardrail(
  to: AttributeSink,
  { ours }: Outgoing,
  { record, assigned }: { record: GuardrailRecord; assigned: AssignedRequest | undefined },
): void {
  to.group(
    group.guardrail.of([
      ours(assigned?.experiment?.id),
      ours(assigned?.assignment?.assignedVariantId),
      ours(record.name),
      ours(record.check),
      ours(record.stage),
      ours(record.verdict),
      record.isShadow,
    ]),
  );
  to.text(key.guardrailReason, ours(record.reason));
}

export interface RequestFacts {
  readonly method: string;
  readonly route: string;
  readonly path: string;
  readonly requestId: string;
  readonly headers: Headers;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
}

/** The request's own span, when it ends. */
export function tellRequest(
  to: AttributeSink,
  { ours, written }: Outgoing,
  {
    record,
    assigned,
    facts,
  }: { record: RequestRecord; assigned: AssignedRequest | undefined; facts: RequestFacts },
): void {
  const { fallback, attempts, prompt } = record;
  to.group(
    group.request.of([
      ours(record.servedVariantId),
      ours(assigned?.experiment?.id),
      ours(assigned?.assignment?.assignedVariantId),
      ours(prompt?.name),
      ours(prompt?.version),
      ours(prompt?.hash),
      ours(facts.method),
      ours(facts.route),
      ours(record.unitSource),
      ours(record.reason),
      ours(record.revision),
      ours(record.usage?.source),
      ours(record.priceTable),
      attempts.length,
      ours(record.validations.at(-1)?.result),
      ours(record.outcome),
      ours(record.safety),
      record.status,
      ours(record.errorType),
    ]),
  );
  to.text(key.urlPath, written(readablePath(facts.path)));
  to.text(key.requestId, ours(facts.requestId));
  to.text(key.clientKeyId, ours(record.clientKeyId));
  to.text(key.unitHash, ours(record.unitHash));
  to.text(key.ragIndexVersion, written(record.ragIndexVersion));
  to.number(key.tokenIn, sumOf(attempts, "inputTokens"));
  to.number(key.tokenOut, sumOf(attempts, "outputTokens"));
  to.number(key.costUsd, record.costUsd);
  to.number(key.latencyMs, record.latencyMs);
  to.number(key.overheadMs, record.overheadMs);
  tellFirstChunk(to, record.firstChunkMs);
  if (record.isClientRetry) to.flag(key.clientRetry, true);
  if (fallback === undefined) return;
  to.flag(key.fallbackUsed, true);
  to.text(key.fallbackFrom, written(fallback.from));
  to.text(key.fallbackTo, written(fallback.to));
  to.text(key.fallbackCause, ours(fallback.cause));
}

/** The messages of one attempt, in and out. */
export interface Content {
  readonly input: Redacted | undefined;
  readonly output: Redacted | undefined;
}

/**
 * Only where the configuration asks for content. A model's input is never told: features such as an age or an income are
 * personal, and no rule of redaction knows them.
 */
export function contentOf(
  { writtenMessages }: Pick<Outgoing, "writtenMessages">,
  policy: ContentPolicy,
  { request, choices }: { request: RenderedRequest; choices: readonly Choice[] | undefined },
): Content | undefined {
  if (request.body.operation !== "chat") return undefined;
  // The attempt ends before its guardrails have judged: what they take out must not stand on its span.
  const shown = request.isGuarded === true ? { ...policy, content: "metadata" as const } : policy;
  return {
    input: writtenMessages(inputMessages(request.outgoing), policy),
    output: choices && writtenMessages(outputMessages(choices), shown),
  };
}

function tellFirstChunk(to: AttributeSink, firstChunkMs: number | undefined): void {
  if (firstChunkMs !== undefined) to.number(key.timeToFirstChunk, firstChunkMs / 1000);
}

/** Percent-encoded, a secret would pass the redactor unseen. */
function readablePath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

/** Of the attempts that told their usage; undefined when none did. */
function sumOf(attempts: readonly AttemptRecord[], of: "inputTokens" | "outputTokens"): number | undefined {
  let sum: number | undefined;
  for (const { usage } of attempts) {
    if (usage !== undefined) sum = (sum ?? 0) + usage[of];
  }
  return sum;
}
