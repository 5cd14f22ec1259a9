/** Orders to the model in words that it should only read: by weighted signs, without a model of its own. */
import type { CancelSignal } from "../domain/chat.ts";
import type { Judgement } from "../domain/guardrail.ts";
import type { CheckDefinition } from "./check-definition.ts";
import { nothingToLookAt } from "./findings.ts";
import { foreignExfiltrations, foreignOverrides } from "./injection-languages.ts";
import { injectionSignals } from "./injection-signals.ts";
import { disguisedViews } from "./injection-views.ts";
import { nextTurn } from "./long-text.ts";
import { normalText } from "./normal-text.ts";
import { piecesOf, rolesNode } from "./pieces.ts";

interface Settings {
  readonly sensitivity: keyof typeof thresholds;
  readonly roles: readonly string[];
}

/** Scores from which on a text is found. */
const thresholds = { low: 5, medium: 4, high: 3 } as const;

export const promptInjection: CheckDefinition<Settings> = {
  description:
    "Orders to the model in what it should only read, such as to ignore its instructions: signs that are weighed, no proof.",
  stages: ["input"],
  actions: ["block", "flag"],
  isRemote: false,
  settings: {
    sensitivity: {
      description: "How little is enough: `high` finds more attacks, and more that is none.",
      enum: Object.keys(thresholds),
      default: "medium",
    },
    roles: rolesNode(["user", "tool", "function"]),
  },
  create: ({ sensitivity, roles }) => ({
    windowChars: undefined,
    judge: (subject, { signal }) => {
      const parts = piecesOf(subject, roles).flatMap(({ text }) => partsOf(text));
      if (parts.length === 0) return nothingToLookAt;
      const judge = (some: readonly string[]) => judgeParts(some, thresholds[sensitivity]);
      return parts.length <= partsAtOnce ? judge(parts) : judgeInTurns(parts, judge, signal);
    },
  }),
};

/** Some 2 ms of prose, and 20 of the worst. Others need not wait for a text of megabytes, whose worst would take seconds. */
const partsAtOnce = 4;

async function judgeInTurns(
  parts: readonly string[],
  judge: (some: readonly string[]) => Judgement,
  signal: CancelSignal,
): Promise<Judgement> {
  for (let at = 0; at < parts.length; at += partsAtOnce) {
    const judgement = judge(parts.slice(at, at + partsAtOnce));
    if (judgement.kind === "found") return judgement;
    await nextTurn(signal);
  }
  return { kind: "pass" };
}

function judgeParts(parts: readonly string[], threshold: number): Judgement {
  for (const part of parts) {
    const { score, signs } = suspicionOfPart(part);
    if (score >= threshold)
      return { kind: "found", reason: `${signs.join(", ")}: score ${score} of ${threshold}` };
  }
  return { kind: "pass" };
}

interface Suspicion {
  readonly score: number;
  readonly signs: readonly string[];
}

/** Signs that stand together count together; a long text of many subjects is not suspicious for its length. */
const partChars = 4_000;
const overlapChars = 400;

function partsOf(text: string): readonly string[] {
  const parts = [text.slice(0, partChars)];
  for (
    let start = partChars - overlapChars;
    start + overlapChars < text.length;
    start += partChars - overlapChars
  )
    parts.push(text.slice(start, start + partChars));
  return parts;
}

/** The worst part of the text. */
export function suspicionOf(text: string): Suspicion {
  return partsOf(text)
    .map(suspicionOfPart)
    .reduce((worst, one) => (one.score > worst.score ? one : worst));
}

function suspicionOfPart(text: string): Suspicion {
  const normal = normalText(text);
  const weights = signsIn(normal);
  const open = weights.size;
  for (const view of disguisedViews(text, normal)) {
    for (const [sign, weight] of signsIn(view)) weights.set(sign, weight);
  }
  if (weights.size > open) weights.set("disguised", 2);
  const hidden = hiddenCharacters(text);
  if (hidden > 0) weights.set("hidden_characters", hidden);
  return {
    score: [...weights.values()].reduce((sum, weight) => sum + weight, 0),
    signs: [...weights.keys()],
  };
}

function signsIn(normal: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const { name, weight, pattern } of injectionSignals)
    if (pattern.test(normal)) weights.set(name, weight);
  if (foreignOverrides.some((pattern) => pattern.test(normal))) weights.set("foreign_override", 4);
  if (foreignExfiltrations.some((pattern) => pattern.test(normal))) weights.set("foreign_exfiltration", 4);
  return weights;
}

/** Letters that no reader sees, or sees in another order. Flags of regions are tags behind U+1F3F4, and no disguise. */
function hiddenCharacters(text: string): number {
  if (!/[\u200b-\u2069\ufeff\udb40]/.test(text)) return 0;
  const withoutFlags = text.replaceAll(/\u{1f3f4}[\u{e0020}-\u{e007f}]{1,12}/gu, "");
  if (/[\u{e0020}-\u{e007e}]/u.test(withoutFlags)) return 4;
  // Joiners belong to emoji and to Persian; between two letters of ASCII they are of no use.
  const between = text.match(/[a-z][\u200b-\u200d\u2060\ufeff]{1,50}(?=[a-z])/gi)?.length ?? 0;
  return between >= 3 || /[\u202d\u202e]/.test(text) ? 2 : 0;
}
