/** One text of a stream under its guardrails: how much of it may be shown by now. */
import type { Replacement } from "../core/guardrail-spans.ts";
import { HeldText, type TextWatch } from "../core/held-text.ts";
import type { Failure } from "../domain/failure.ts";
import type { Guardrail, Judgement } from "../domain/guardrail.ts";
import { failedRuling, isActing, type Ruling, rulingOf } from "./judge-guardrail.ts";
import type { StageJudge } from "./stage-judge.ts";

export interface TextParts {
  readonly judge: StageJudge;
  /** It stands beside the answer: see the domain's `GuardedText`. */
  readonly isAside: boolean;
  /** Nothing of any text is shown before it is whole. */
  readonly holdsAll: boolean;
  readonly requestId: string;
  readonly signal: Parameters<Guardrail["check"]["judge"]>[1]["signal"];
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class GuardedText {
  readonly #parts: TextParts;
  readonly #held: HeldText;
  readonly #wholes: readonly Guardrail[];
  readonly #waits: boolean;
  readonly #isWatched: boolean;
  #text = "";
  #isJudged = false;
  /** Nobody looks for places in it any more. */
  #isGivenUp = false;
  #refusal: Failure | undefined;

  constructor(parts: TextParts) {
    const { guardrails } = parts.judge;
    const windowed = guardrails.filter(({ check, isRemote }) => check.windowChars !== undefined && !isRemote);
    this.#parts = parts;
    this.#wholes = guardrails.filter((guardrail) => !windowed.includes(guardrail));
    this.#waits = parts.holdsAll || this.#wholes.some(isActing);
    this.#isWatched = windowed.length > 0;
    this.#held = new HeldText(windowed.map((guardrail) => this.#watchOf(guardrail)));
  }

  /** Length of what may be shown. */
  get shown(): number {
    if (this.#isJudged) return Number.POSITIVE_INFINITY;
    if (this.#waits) return 0;
    return this.#isWatched && !this.#isGivenUp ? this.#held.shown : Number.POSITIVE_INFINITY;
  }

  get replacements(): readonly Replacement[] {
    return this.#held.replacements;
  }

  /** Gives why the text may not go on, if it may not. */
  push(piece: string): Failure | undefined {
    if (this.#wholes.length > 0) this.#text += piece;
    if (!this.#isJudged && !this.#isGivenUp && !this.#held.push(piece)) this.#giveUp();
    return this.#refusal;
  }

  /** The text is whole. Resolves when all has been said of it that anybody waits for. */
  async end(): Promise<Failure | undefined> {
    if (!this.#isJudged && !this.#isGivenUp) this.#held.end();
    if (this.#refusal !== undefined) return this.#refusal;
    if (this.#wholes.length > 0 && this.#text !== "") {
      const texts = [{ role: "assistant", text: this.#text, isAside: this.#parts.isAside }];
      const sentence = await this.#parts.judge.judge({ stage: "output", texts, toolCalls: [] }, this.#wholes);
      if (sentence.refusal !== undefined) return sentence.refusal;
    }
    this.#isJudged = true;
    return undefined;
  }

  /** A match that goes on and on: the guardrails that would take it out have failed. */
  #giveUp(): void {
    const { judge } = this.#parts;
    const rulings = judge.guardrails
      .filter((guardrail) => isActing(guardrail) && !this.#wholes.includes(guardrail))
      .map((guardrail) => failedRuling(guardrail, "a match is longer than can be held back"));
    for (const ruling of rulings) judge.note(ruling, 0);
    this.#refusal ??= judge.refusalOf(rulings);
    // Open guardrails let it pass; those that judge the whole have yet to be asked.
    this.#isGivenUp = true;
  }

  #watchOf(guardrail: Guardrail): TextWatch {
    const { check } = guardrail;
    const { judge, now, requestId, signal } = this.#parts;
    const say = (ruling: Ruling, durationMs: number) => {
      judge.note(ruling, durationMs);
      this.#refusal ??= judge.refusalOf([ruling]);
    };
    let reason = "";
    return {
      windowChars: check.windowChars ?? 0,
      isActing: isActing(guardrail) && guardrail.config.action !== "flag",
      find(part) {
        const startedAt = now();
        const subject = {
          stage: "output",
          texts: [{ role: "assistant", text: part }],
          toolCalls: [],
        } as const;
        const judgement = judged(() => check.judge(subject, { requestId, signal }));
        const ruling = judgement && rulingOf(guardrail, judgement);
        if (judgement === undefined || (judgement.kind === "found" && judgement.spans === undefined)) {
          say(failedRuling(guardrail, "crashed"), now() - startedAt);
          return [];
        }
        // What was found is told when it is certain.
        if (judgement.kind !== "found" && ruling !== undefined) judge.note(ruling, now() - startedAt);
        if (judgement.kind !== "found") return [];
        reason = judgement.reason;
        return judgement.spans ?? [];
      },
      found(place) {
        const span = { ...place, index: 0 };
        say(rulingOf(guardrail, { kind: "found", reason, spans: [span] }), 0);
      },
    };
  }
}

/** Undefined where the check crashed, or has not answered at once as a check of windows must. */
function judged(ask: () => Judgement | Promise<Judgement>): Judgement | undefined {
  try {
    const judgement = ask();
    return judgement instanceof Promise ? undefined : judgement;
  } catch {
    return undefined;
  }
}
