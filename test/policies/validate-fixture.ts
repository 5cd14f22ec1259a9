import { createClientSchemaVerdicts } from "../../src/core/client-schema-verdicts.ts";
import { createFormatChecks } from "../../src/core/response-format.ts";
import { createToolChecks } from "../../src/core/tool-check.ts";
import type { Answer, Choice, RenderedRequest } from "../../src/domain/chat.ts";
import type { ClientSchemaJudge } from "../../src/domain/client-schema.ts";
import type { OutputConfig } from "../../src/domain/config.ts";
import { type ValidateParts, validateOutput } from "../../src/policies/validate-output.ts";
import { experimentWith } from "../core/experiment-fixture.ts";
import {
  choiceOf,
  completionOf,
  contextOf,
  renderedRequest,
  revisionOf,
  wholeAnswer,
} from "./policy-fixture.ts";
import { streamAnswer } from "./source-fixture.ts";

export const schema = {
  type: "object",
  required: ["reply"],
  properties: { reply: { type: "string" } },
  additionalProperties: false,
};
export const good = choiceOf({ content: '{"reply":"yes"}' });
export const bad = choiceOf({ content: '{"reply":1}' });

const verdicts = createClientSchemaVerdicts();
/** Without a thread. */
const judgeHere: ClientSchemaJudge = async (question) => verdicts(question);

export function partsOf(judge: ClientSchemaJudge = judgeHere): ValidateParts {
  return { toolChecks: createToolChecks(judge), formatChecks: createFormatChecks(judge), now: () => 0 };
}

/** A policy over a service that answers by these choices in turn, the last one for ever. */
export function validating(
  change: Partial<OutputConfig>,
  answers: readonly (readonly Choice[])[],
  given: {
    readonly isStream?: boolean;
    readonly body?: Readonly<Record<string, unknown>>;
    readonly judge?: ClientSchemaJudge;
  } = {},
) {
  const output: OutputConfig = {
    schema: { name: "support", schema },
    checkToolCalls: false,
    checkResponseFormat: false,
    sendResponseFormat: false,
    onInvalid: "error",
    maxRepairs: 1,
    streamMode: "buffer",
    ...change,
  };
  const experiment = experimentWith({ output });
  const context = contextOf(revisionOf([experiment]));
  const asked: RenderedRequest[] = [];
  const service = validateOutput(partsOf(given.judge))(async (request): Promise<Answer> => {
    const choices = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(request);
    if (given.isStream !== true) return wholeAnswer({ choices });
    return streamAnswer(["data: x\n\n"], completionOf({ choices }));
  });
  return {
    asked,
    results: () => context.state.validations.map(({ result }) => result),
    context,
    ask: () => service(renderedRequest({ experiment }, given.body), context),
  };
}
