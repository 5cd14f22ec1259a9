/** What guardrails said of one stage of one request: one record for each, whatever the number of texts. */
import type { RequestContext } from "../domain/chat.ts";
import type { Guardrail, GuardrailRecord, GuardrailStage, GuardrailVerdict } from "../domain/guardrail.ts";
import type { Ruling } from "./judge-guardrail.ts";

/** The weightiest verdict stands for all. */
const weight: Readonly<Record<GuardrailVerdict, number>> = {
  not_evaluated: 0,
  allow: 1,
  flag: 2,
  redact: 3,
  failed: 4,
  block: 5,
};

interface Line {
  verdict: GuardrailVerdict;
  reason: string | undefined;
  durationMs: number;
}

export class GuardrailTally {
  readonly #lines = new Map<Guardrail, Line>();
  readonly #startedAt: number;

  /** Monotonic milliseconds. */
  constructor(guardrails: readonly Guardrail[], startedAt: number) {
    this.#startedAt = startedAt;
    for (const guardrail of guardrails) {
      this.#lines.set(guardrail, { verdict: "not_evaluated", reason: undefined, durationMs: 0 });
    }
  }

  add({ guardrail, verdict, reason }: Ruling, durationMs = 0): void {
    const line = this.#lines.get(guardrail);
    if (line === undefined) return;
    line.durationMs += durationMs;
    if (weight[verdict] < weight[line.verdict] || (verdict === line.verdict && line.reason !== undefined))
      return;
    line.verdict = verdict;
    line.reason = reason;
  }

  /** Writes down what all but these have said; each once. */
  close(stage: GuardrailStage, { state, trace }: RequestContext, open: ReadonlySet<Guardrail>): void {
    for (const [guardrail, line] of this.#lines) {
      if (open.has(guardrail)) continue;
      this.#lines.delete(guardrail);
      const { name, check, isShadow } = guardrail.config;
      const record: GuardrailRecord = { name, check, stage, isShadow, ...line };
      state.guardrails.push(record);
      trace.guarded(record, this.#startedAt);
    }
  }
}
