import { createRedactor } from "../../src/core/redaction.ts";
import { chanceFrom } from "./chance.ts";
import { type Part, textOf } from "./contexts.ts";
import { families, negatives } from "./negatives.ts";
import { type Kind, kinds } from "./values.ts";

export interface Recall {
  readonly kind: Kind;
  readonly made: number;
  readonly missed: readonly string[];
}

export interface FalsePositives {
  readonly made: number;
  readonly found: readonly { readonly family: string; readonly text: string; readonly redacted: string }[];
}

/** Of each kind; `each` values in the contexts of one part. Chance is another one in each part. */
export function recallOf(part: Part, each: number): readonly Recall[] {
  const { redact } = createRedactor();
  return kinds.map((kind, place) => {
    const chance = chanceFrom((part === "tuned" ? 1000 : 2000) + place);
    const missed: string[] = [];
    for (let made = 0; made < each; made += 1) {
      const value = kind.make(chance);
      const text = textOf(kind, value, chance, part);
      if (isLeft(value, redact(text).text)) missed.push(text);
    }
    return { kind, made: each, missed };
  });
}

export function falsePositivesOf(part: Part, each: number): FalsePositives {
  const { redact } = createRedactor();
  const seed = part === "tuned" ? 3000 : 4000;
  const own = new Set(Object.keys(families).filter((_, place) => (place % 2 === 0) === (part === "tuned")));
  const texts = negatives(chanceFrom(seed), each).filter(({ family }) => own.has(family));
  const found = texts
    .map((one) => ({ ...one, redacted: String(redact(one.text).text) }))
    .filter(({ text, redacted }) => text !== redacted);
  return { made: texts.length, found };
}

/** More than a few characters from its beginning or its end still stand there. */
function isLeft(value: string, redacted: string): boolean {
  const text = value.replaceAll(/\s/g, "");
  const rest = redacted.replaceAll(/\s/g, "");
  const length = Math.max(4, Math.ceil(text.length / 2));
  return rest.includes(text.slice(0, length)) || rest.includes(text.slice(-length));
}
