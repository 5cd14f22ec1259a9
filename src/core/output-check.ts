import type { Choice } from "../domain/chat.ts";
import type { CheckResult } from "../domain/config.ts";
import type { ToolCheck } from "./tool-check.ts";

export type OutputFinding =
  | { readonly kind: "pass" }
  /** Cut at the token limit: it may have been becoming right. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "fail"; readonly path: string; readonly message: string; readonly text: string }
  | { readonly kind: "not_evaluated"; readonly reason: string };

export interface OutputChecks {
  readonly content: ((text: string) => CheckResult | Promise<CheckResult>) | undefined;
  readonly tool: ToolCheck | undefined;
}

type Found = OutputFinding | Promise<OutputFinding>;

/**
 * Checks in the order of reliability.md: length, refusal, tool calls, content. The first choice at fault decides. At once where
 * every check answers at once, as that of the experiment's own schema does.
 */
export function checkOutput(choices: readonly Choice[], checks: OutputChecks): Found {
  // All are asked at once: a check in another thread may have to wait, and the waits must not add up.
  const found = choices.flatMap((choice) => examine(choice, checks));
  const known = found.flatMap((finding) => (finding instanceof Promise ? [] : [finding]));
  return known.length === found.length ? decide(known) : Promise.all(found).then(decide);
}

function decide(findings: readonly OutputFinding[]): OutputFinding {
  const decisive = findings.find(({ kind }) => kind === "incomplete" || kind === "fail");
  if (decisive !== undefined) return decisive;
  if (findings.some(({ kind }) => kind === "pass")) return { kind: "pass" };
  return findings[0] ?? { kind: "not_evaluated", reason: "nothing to check" };
}

function examine(choice: Choice, checks: OutputChecks): readonly Found[] {
  if (choice.finishReason === "length") return [{ kind: "incomplete" }];
  // The model declined; that is an outcome of its own, not a fault of form.
  if (choice.finishReason === "content_filter" || choice.refusal !== undefined) {
    return [{ kind: "not_evaluated", reason: "refused" }];
  }
  if (choice.toolCalls.length > 0) {
    const { tool } = checks;
    if (tool === undefined) return [];
    return choice.toolCalls.map((call, index) =>
      then(tool(call), (result) => withText(atCall(result, index), call.arguments)),
    );
  }
  if (checks.content === undefined) return [];
  const text = choice.content ?? "";
  return [then(checks.content(text), (result) => withText(result, text))];
}

function then(
  result: CheckResult | Promise<CheckResult>,
  found: (result: CheckResult) => OutputFinding,
): Found {
  return result instanceof Promise ? result.then(found) : found(result);
}

function withText(result: CheckResult, text: string): OutputFinding {
  return result.kind === "fail" ? { ...result, text } : result;
}

function atCall(result: CheckResult, index: number): CheckResult {
  return result.kind === "fail" ? { ...result, path: `/tool_calls/${index}${result.path}` } : result;
}
