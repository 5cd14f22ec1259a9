/** Guards an answer that is here whole. */
import { isObject, readCompletion } from "../core/chat-completion.ts";
import { readableCall, redactedArguments } from "../core/guarded-arguments.ts";
import { choiceCalls, choiceTexts, isAnswerText } from "../core/guarded-texts.ts";
import type { Answer, RequestContext } from "../domain/chat.ts";
import { asFailure } from "../domain/failure.ts";
import type { GuardrailPlan } from "../domain/guardrail.ts";
import { redactionsOf } from "./judge-guardrail.ts";
import { redactedTexts } from "./redacted-texts.ts";
import { type Sentence, StageJudge } from "./stage-judge.ts";

export interface GuardedAnswerParts {
  readonly plan: GuardrailPlan;
  readonly context: RequestContext;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

interface Judges {
  readonly output: StageJudge;
  readonly calls: StageJudge;
}

/** The answer, its texts redacted where a guardrail says so; its bytes are the upstream's own where nothing is. Rejects with what blocks it. */
export async function guardWhole(answer: Answer, bytes: Buffer, parts: GuardedAnswerParts): Promise<Answer> {
  const { plan, context } = parts;
  const judges: Judges = {
    output: new StageJudge("output", plan.output, parts),
    calls: new StageJudge("tool_calls", plan.tool_calls, parts),
  };
  // The upstream's adapter has read it before.
  const body = JSON.parse(bytes.toString("utf8")) as { readonly choices?: readonly unknown[] };
  let isChanged = false;
  let written: Promise<unknown> | undefined;
  try {
    for (const choice of body.choices ?? []) {
      if (isObject(choice) && (await guardChoice(choice, judges, context))) isChanged = true;
    }
  } finally {
    // Also of what was refused: the failure is told with what was said of it.
    written = Promise.all([judges.output.close(), judges.calls.close()]);
  }
  const completion = Promise.all([answer.completion, written]).then(([end]) => end);
  if (!isChanged) return { ...answer, completion };
  const choices = readCompletion(body)?.choices ?? [];
  return {
    ...answer,
    body: { kind: "whole", bytes: Buffer.from(JSON.stringify(body)) },
    completion: completion.then((end) => ({ ...end, choices })),
  };
}

/** Whether something was taken out. Throws what blocks the choice. */
async function guardChoice(
  choice: Record<string, unknown>,
  judges: Judges,
  context: RequestContext,
): Promise<boolean> {
  let isChanged = false;
  for (const place of choiceTexts(choice, "message")) {
    const texts = [{ role: "assistant", text: place.text, isAside: !isAnswerText(place.path) }];
    const sentence = await judges.output.judge({ stage: "output", texts, toolCalls: [] });
    pass(sentence, context);
    for (const text of (await redactedTexts(texts, redactionsOf(sentence.rulings))).values()) {
      place.replace(text);
      isChanged = true;
    }
  }
  const called = choiceCalls(choice, "message");
  if (called.length > 0 && judges.calls.guardrails.length > 0) {
    const toolCalls = called.map(({ name, text }) => readableCall({ name, arguments: text }));
    const sentence = await judges.calls.judge({ stage: "tool_calls", texts: [], toolCalls });
    pass(sentence, context);
    for (const [index, text] of redactedArguments(toolCalls, redactionsOf(sentence.rulings))) {
      called[index]?.replace(text);
      isChanged = true;
    }
  }
  // The tokens of what was taken out stand there once more.
  if (isChanged && isObject(choice.logprobs)) choice.logprobs = null;
  return isChanged;
}

/** Throws why it may not pass. What was judged for a client that has gone was not judged. */
function pass({ refusal }: Sentence, { controller: { signal } }: RequestContext): void {
  if (signal.aborted) throw asFailure(signal.reason);
  if (refusal !== undefined) throw refusal;
}
