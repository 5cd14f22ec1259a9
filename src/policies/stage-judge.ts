/** The guardrails of one stage of one answer, and what they have said so far. */
import type { RequestContext } from "../domain/chat.ts";
import type { Failure } from "../domain/failure.ts";
import type { Guardrail, GuardrailStage, GuardrailSubject } from "../domain/guardrail.ts";
import { GuardrailTally } from "./guardrail-tally.ts";
import { isActing, judge, type Ruling, refusalOf } from "./judge-guardrail.ts";

export interface JudgeParts {
  readonly context: RequestContext;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** What the guardrails that act said of a subject, and why it may not pass, if it may not. */
export interface Sentence {
  readonly rulings: readonly Ruling[];
  readonly refusal: Failure | undefined;
}

export class StageJudge {
  readonly stage: GuardrailStage;
  readonly guardrails: readonly Guardrail[];
  readonly #parts: JudgeParts;
  readonly #tally: GuardrailTally;
  /** Guardrails that only tell are not waited for by the client. */
  readonly #watching = new Set<Guardrail>();
  readonly #watched: Promise<unknown>[] = [];

  constructor(stage: GuardrailStage, guardrails: readonly Guardrail[], parts: JudgeParts) {
    this.stage = stage;
    this.guardrails = guardrails;
    this.#parts = parts;
    this.#tally = new GuardrailTally(guardrails, parts.now());
  }

  /** Those that answer at once come first: where one of them refuses, no server is asked. */
  async judge(
    subject: GuardrailSubject,
    guardrails: readonly Guardrail[] = this.guardrails,
  ): Promise<Sentence> {
    const rulings: Ruling[] = [];
    const remote: Guardrail[] = [];
    for (const guardrail of guardrails) {
      if (guardrail.isRemote) remote.push(guardrail);
      else rulings.push(await this.#ask(guardrail, subject));
    }
    const refusal = this.refusalOf(rulings);
    if (refusal !== undefined) return { rulings, refusal };
    const acting = remote.filter(isActing);
    for (const guardrail of remote) {
      if (acting.includes(guardrail)) continue;
      this.#watching.add(guardrail);
      this.#watched.push(this.#ask(guardrail, subject));
    }
    rulings.push(...(await Promise.all(acting.map((one) => this.#ask(one, subject)))));
    return { rulings, refusal: this.refusalOf(rulings) };
  }

  note(ruling: Ruling, durationMs: number): void {
    this.#tally.add(ruling, durationMs);
  }

  refusalOf(rulings: readonly Ruling[]): Failure | undefined {
    for (const ruling of rulings) {
      const refusal = refusalOf(ruling, this.stage);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** Writes down what was said, at once where it has been said; resolves when all is written. */
  async close(): Promise<void> {
    const { context } = this.#parts;
    this.#tally.close(this.stage, context, this.#watching);
    if (this.#watched.length === 0) return;
    await Promise.all(this.#watched);
    this.#tally.close(this.stage, context, new Set());
  }

  async #ask(guardrail: Guardrail, subject: GuardrailSubject): Promise<Ruling> {
    const { now, context } = this.#parts;
    const startedAt = now();
    const ruling = await judge(guardrail, subject, context);
    this.#tally.add(ruling, now() - startedAt);
    return ruling;
  }
}
