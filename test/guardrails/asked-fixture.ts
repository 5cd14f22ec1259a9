import { Canceller } from "../../src/core/canceller.ts";
import { compilePrompt } from "../../src/core/prompt.ts";
import type {
  AskCall,
  CheckParts,
  GuardrailCheck,
  GuardrailSubject,
  JudgeCall,
} from "../../src/domain/guardrail.ts";
import type { PromptFile } from "../../src/domain/prompt.ts";
import { checks } from "../../src/guardrails/index.ts";
import { configOf, type Given } from "../config/config-fixture.ts";

/** A check as the configuration makes it, of its section as YAML in braces; defaults come from the schema. */
export function checkOf(
  kind: string,
  settings: string,
  parts: Partial<CheckParts> = {},
  given: Given = {},
): GuardrailCheck {
  const config = configOf(`upstreams: { main: {} }\nguardrails:\n  it: { ${kind}: ${settings} }\n`, given);
  const guardrail = config.guardrails.it;
  const definition = checks[kind];
  if (guardrail === undefined || definition === undefined) throw new Error(`no check ${kind}`);
  const prompts = new Map(Object.entries(config.prompts));
  return definition.create(guardrail.settings as never, {
    ask: () => Promise.reject(new Error("nobody is to be asked")),
    prompt: (name) => compiled(prompts.get(name)),
    now: () => 0,
    ...parts,
  });
}

function compiled(file: PromptFile | undefined) {
  return file && compilePrompt(file);
}

export function inputOf(
  ...texts: readonly (string | readonly [role: string, text: string])[]
): GuardrailSubject {
  return {
    stage: "input",
    texts: texts.map((each) =>
      typeof each === "string" ? { role: "user", text: each } : { role: each[0], text: each[1] },
    ),
    toolCalls: [],
  };
}

export function outputOf(text: string): GuardrailSubject {
  return { stage: "output", texts: [{ role: "assistant", text }], toolCalls: [] };
}

export function evaluation(change: Partial<JudgeCall> = {}): JudgeCall {
  return { requestId: "req-1", signal: new Canceller().signal, ...change };
}

/** Someone to ask who remembers what they were asked. */
export function asked(answer: (call: AskCall) => unknown) {
  const calls: AskCall[] = [];
  const ask: CheckParts["ask"] = async (call) => {
    calls.push(call);
    return answer(call);
  };
  return { calls, ask };
}
