import type { Choice } from "../domain/chat.ts";
import type { CheckResult, ContentCheck } from "../domain/config.ts";
import type { ToolCheck } from "./tool-check.ts";

export type OutputFinding =
  | { readonly kind: "pass" }
  /** Cut at the token limit: it may have been becoming right. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "fail"; readonly path: string; readonly message: string; readonly text: string }
  | { readonly kind: "not_evaluated"; readonly reason: string };

/** Checks in the order of reliability.md: length, refusal, tool calls, content. The first choice at fault decides. */
export function checkOutput(
  choices: readonly Choice[],
  checks: { readonly content: ContentCheck | undefined; readonly tool: ToolCheck | undefined },
): OutputFinding {
  let evaluated = false;
  let skipped: string | undefined;
  for (const choice of choices) {
    if (choice.finishReason === "length") return { kind: "incomplete" };
    // The model declined; that is an outcome of its own, not a fault of form.
    if (choice.finishReason === "content_filter" || choice.refusal !== undefined) {
      skipped ??= "refused";
      continue;
    }
    for (const { result, text } of resultsOf(choice, checks)) {
      if (result.kind === "fail") return { ...result, text };
      if (result.kind === "pass") evaluated = true;
      else skipped ??= result.reason;
    }
  }
  return evaluated ? { kind: "pass" } : { kind: "not_evaluated", reason: skipped ?? "nothing to check" };
}

function resultsOf(
  choice: Choice,
  checks: { readonly content: ContentCheck | undefined; readonly tool: ToolCheck | undefined },
): { result: CheckResult; text: string }[] {
  if (choice.toolCalls.length > 0) {
    const { tool } = checks;
    if (tool === undefined) return [];
    return choice.toolCalls.map((call, index) => ({
      result: atCall(tool(call), index),
      text: call.arguments,
    }));
  }
  if (checks.content === undefined) return [];
  const text = choice.content ?? "";
  return [{ result: checks.content(text), text }];
}

function atCall(result: CheckResult, index: number): CheckResult {
  return result.kind === "fail" ? { ...result, path: `/tool_calls/${index}${result.path}` } : result;
}
