import assert from "node:assert/strict";
import { Canceller } from "../../src/core/canceller.ts";
import type { ToolCall } from "../../src/domain/chat.ts";
import type {
  GuardedText,
  GuardrailCheck,
  GuardrailSpan,
  GuardrailSubject,
  Judgement,
} from "../../src/domain/guardrail.ts";
import { checks } from "../../src/guardrails/index.ts";

/** A check of the registry with its defaults and these settings, which must have no problems. */
export function checkOf(name: string, given: Readonly<Record<string, unknown>> = {}): GuardrailCheck {
  const definition = checks[name];
  assert.ok(definition, name);
  const defaults = Object.entries(definition.settings).flatMap(([key, node]) =>
    node.default === undefined ? [] : [[key, node.default]],
  );
  const settings = { ...Object.fromEntries(defaults), ...given };
  assert.deepEqual(definition.problems?.(settings as never, () => undefined) ?? [], []);
  return definition.create(settings as never, {
    ask: () => Promise.reject(new Error("no other server is asked")),
    prompt: () => undefined,
    now: () => 0,
  });
}

export function input(...texts: readonly (string | GuardedText)[]): GuardrailSubject {
  const each = texts.map((text) => (typeof text === "string" ? { role: "user", text } : text));
  return { stage: "input", texts: each, toolCalls: [] };
}

export function output(text: string): GuardrailSubject {
  return { stage: "output", texts: [{ role: "assistant", text }], toolCalls: [] };
}

export function calls(...toolCalls: readonly ToolCall[]): GuardrailSubject {
  return { stage: "tool_calls", texts: [], toolCalls };
}

/** These checks answer at once. */
export function judged(check: GuardrailCheck, subject: GuardrailSubject): Judgement {
  const judgement = check.judge(subject, { requestId: "req_1", signal: new Canceller().signal });
  assert.ok("kind" in judgement);
  return judgement;
}

export function reasonOf(check: GuardrailCheck, subject: GuardrailSubject): string | undefined {
  const judgement = judged(check, subject);
  return judgement.kind === "found" ? judgement.reason : undefined;
}

export function spansOf(check: GuardrailCheck, subject: GuardrailSubject): readonly GuardrailSpan[] {
  const judgement = judged(check, subject);
  return judgement.kind === "found" ? (judgement.spans ?? []) : [];
}

/** The text with every span of index 0 replaced by its label, as a redaction does. */
export function redacted(check: GuardrailCheck, subject: GuardrailSubject): string {
  let text =
    (subject.stage === "tool_calls" ? subject.toolCalls[0]?.arguments : subject.texts[0]?.text) ?? "";
  const spans = spansOf(check, subject).filter(({ index }) => index === 0);
  for (const { start, end, label } of spans.toReversed())
    text = text.slice(0, start) + label + text.slice(end);
  return text;
}
