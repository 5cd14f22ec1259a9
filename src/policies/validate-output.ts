import { checkOutput, type OutputChecks, type OutputFinding } from "../core/output-check.ts";
import { repairRequest } from "../core/render-request.ts";
import type { ToolCheck } from "../core/tool-check.ts";
import type { Answer, ChatBody, Completion, RenderedRequest, RequestContext } from "../domain/chat.ts";
import type { OutputConfig } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { ValidationRecord } from "../domain/record.ts";
import { checkAtEnd } from "../pipeline/check-at-end.ts";
import type { Policy } from "../pipeline/service.ts";

export interface ValidateParts {
  readonly toolChecks: (tools: Buffer) => ToolCheck;
  /** Of the format that a body asks for, where it asks for one by a schema. */
  readonly formatChecks: (body: ChatBody) => OutputChecks["content"];
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

interface Checks extends OutputChecks {
  readonly name: string;
  readonly phase: ValidationRecord["phase"];
  readonly output: OutputConfig;
}

/** Checks the answer by the experiment's schema and the request's tools; what is invalid is asked again, repaired or refused. */
export function validateOutput(parts: ValidateParts): Policy<RenderedRequest> {
  return (next) => async (request, context) => {
    const first = checksOf(parts, request, context);
    if (first === undefined) return next(request, context);
    let attempt = request;
    for (let repairs = 0; ; repairs++) {
      const isAgain = repairs > 0 && first.phase === "first";
      const checks: Checks = isAgain ? { ...first, phase: "repaired" } : first;
      const answer = await next(attempt, context);
      const isLive = answer.body.kind === "stream" && checks.output.streamMode !== "buffer";
      if (isLive) return live(parts, answer, { checks, context });
      const { choices } = await answer.completion;
      const finding = await examine(parts, checks, context, choices);
      if (finding.kind !== "fail" || checks.output.onInvalid === "pass") return answer;
      if (!isAskedAgain(checks.output, repairs)) throw violation(checks, finding);
      attempt = askAgain(attempt, checks, finding);
    }
  };
}

function isAskedAgain({ onInvalid, maxRepairs }: OutputConfig, repairs: number): boolean {
  return (onInvalid === "retry" || onInvalid === "repair") && repairs < maxRepairs;
}

function askAgain(
  request: RenderedRequest,
  checks: Checks,
  finding: Extract<OutputFinding, { kind: "fail" }>,
): RenderedRequest {
  if (checks.output.onInvalid === "retry") return { ...request, attemptReason: "retry", backoffMs: 0 };
  const complaint = `Your answer does not follow the JSON Schema "${checks.name}": ${finding.path || "it"} ${finding.message}. Answer again with the corrected JSON alone.`;
  return repairRequest(request, finding.text, complaint);
}

/** A stream that is on its way cannot be asked again: it is passed on unchecked, or checked when it has ended. */
function live(
  parts: ValidateParts,
  answer: Answer,
  { checks, context }: { checks: Checks; context: RequestContext },
): Answer {
  if (checks.output.streamMode === "passthrough") {
    note(
      context,
      { name: checks.name, phase: checks.phase, result: "not_evaluated", errorPath: undefined },
      parts.now(),
    );
    return answer;
  }
  return checkAtEnd(answer, async (completion: Completion) => {
    const finding = await examine(parts, checks, context, completion.choices);
    return finding.kind === "fail" && checks.output.onInvalid !== "pass"
      ? violation(checks, finding)
      : undefined;
  });
}

async function examine(
  parts: ValidateParts,
  checks: Checks,
  context: RequestContext,
  choices: Completion["choices"],
): Promise<OutputFinding> {
  const startedAt = parts.now();
  const finding = await checkOutput(choices, checks);
  const errorPath = finding.kind === "fail" ? finding.path : undefined;
  note(context, { name: checks.name, phase: checks.phase, result: finding.kind, errorPath }, startedAt);
  return finding;
}

function note(context: RequestContext, record: ValidationRecord, startedAt: number): void {
  context.state.validations.push(record);
  context.trace.validated(record, startedAt);
}

function checksOf(
  parts: ValidateParts,
  request: RenderedRequest,
  context: RequestContext,
): Checks | undefined {
  const { experiment, body } = request;
  if (experiment === undefined) return undefined;
  const { output } = experiment;
  const own = context.revision.contentChecks.get(experiment.id);
  const content = own ?? (output.checkResponseFormat ? parts.formatChecks(body) : undefined);
  const tools = output.checkToolCalls ? body.members.get("tools") : undefined;
  const tool = tools && parts.toolChecks(body.bytes.subarray(tools.start, tools.end));
  if (content === undefined && tool === undefined) return undefined;
  const phase = request.attemptReason === "fallback" ? "fallback" : "first";
  const name = output.schema?.name ?? (content === undefined ? "tool_calls" : "response_format");
  return { name, phase, output, content, tool };
}

function violation(checks: Checks, finding: Extract<OutputFinding, { kind: "fail" }>): Failure {
  const place = finding.path === "" ? "the answer" : finding.path;
  return new Failure(
    "output_schema_violation",
    `The model's answer does not follow the JSON Schema "${checks.name}": ${place} ${finding.message}.`,
    { isFinal: checks.output.onInvalid === "error" },
  );
}
