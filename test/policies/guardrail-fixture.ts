import type {
  Guardrail,
  GuardrailCheck,
  GuardrailConfig,
  GuardrailPlan,
} from "../../src/domain/guardrail.ts";

/** A guardrail with this check; what is not told is as the configuration has it by default. */
export function guardrailWith(
  judge: GuardrailCheck["judge"],
  change: Partial<GuardrailConfig> & { readonly isRemote?: boolean; readonly windowChars?: number } = {},
): Guardrail {
  const { isRemote = false, windowChars, ...config } = change;
  return {
    isRemote,
    check: { windowChars, judge },
    config: {
      name: "no-secrets",
      check: "fixture",
      settings: {},
      stages: ["input", "output", "tool_calls"],
      action: "block",
      onFailure: "closed",
      timeoutMs: 50,
      sample: 1,
      isShadow: false,
      isEverywhere: true,
      answer: undefined,
      onBlock: "fallback",
      ...config,
    },
  };
}

/** Finds each place that the pattern has in texts and in arguments. */
export function finding(pattern: RegExp, change: Parameters<typeof guardrailWith>[1] = {}): Guardrail {
  return guardrailWith((subject) => {
    const texts =
      subject.stage === "tool_calls"
        ? subject.toolCalls.map((call) => call.arguments)
        : subject.texts.map(({ text }) => text);
    const spans = texts.flatMap((text, index) =>
      [...text.matchAll(new RegExp(pattern, "g"))].map((match) => ({
        index,
        start: match.index,
        end: match.index + match[0].length,
        label: "[gone]",
      })),
    );
    return spans.length === 0 ? { kind: "pass" } : { kind: "found", reason: "a match", spans };
  }, change);
}

export function planWith(change: Partial<GuardrailPlan>): GuardrailPlan {
  return { input: [], output: [], tool_calls: [], ...change };
}
