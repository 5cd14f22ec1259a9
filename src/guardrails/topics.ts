/** Topics by keywords: what is to be talked of, and what is not. */
import type { SchemaNode } from "../config/schema-node.ts";
import { count } from "../config/schema-node.ts";
import type { GuardrailCheck, Judgement } from "../domain/guardrail.ts";
import type { CheckDefinition, SettingsProblem } from "./check-definition.ts";
import { nothingToLookAt } from "./findings.ts";
import { normalText, wordsOf } from "./normal-text.ts";
import { createPhraseIndex, type Phrase } from "./phrase-index.ts";
import { piecesOf, rolesNode } from "./pieces.ts";

type Topics = Readonly<Record<string, readonly string[]>>;

interface Settings {
  readonly allowed?: Topics;
  readonly banned?: Topics;
  readonly min_hits: number;
  readonly roles: readonly string[];
}

export const topics: CheckDefinition<Settings> = {
  description: "Topics by their keywords: what must not be talked of, or the only things that may be.",
  stages: ["input", "output"],
  actions: ["block", "flag"],
  isRemote: false,
  settings: {
    allowed: topicLists("The only topics: a text of four words or more names one of them."),
    banned: topicLists("Topics that no text may name."),
    min_hits: count("How many of a topic's phrases make a text be about it, repetitions counted.", 1),
    roles: rolesNode(["user"]),
  },
  problems,
  create,
};

function topicLists(description: string): SchemaNode {
  return {
    description,
    type: "object",
    minProperties: 1,
    additionalProperties: {
      description:
        "A topic: its words and phrases, of whole words in any case; a `*` at the end stands for any ending.",
      type: "array",
      minItems: 1,
      items: { description: "A word or phrase.", type: "string", minLength: 1, maxLength: 200 },
    },
    "x-otherwise": "none",
  };
}

function problems({ allowed, banned }: Settings): readonly SettingsProblem[] {
  if (allowed === undefined && banned === undefined)
    return [{ path: [], message: "give `allowed` or `banned` a topic" }];
  return Object.entries({ allowed, banned }).flatMap(([list, topics = {}]) =>
    Object.entries(topics).flatMap(([topic, phrases]) =>
      phrases.flatMap((written, index): SettingsProblem[] => {
        if (phraseOf(topic, written).words.length > 0) return [];
        return [{ path: [list, topic, index], message: "the phrase has no letter and no digit" }];
      }),
    ),
  );
}

function phraseOf(group: string, written: string): Phrase {
  const trimmed = written.trim();
  return { group, words: wordsOf(normalText(trimmed)), isOpen: trimmed.endsWith("*") };
}

/** A greeting or a thank you is about nothing. */
const fewestWords = 4;

function create({ allowed, banned, min_hits: minHits, roles }: Settings): GuardrailCheck {
  const [onAllowed, onBanned] = [topicsIn(allowed, minHits), topicsIn(banned, minHits)];
  return {
    windowChars: undefined,
    judge: (subject) => {
      const pieces = piecesOf(subject, roles);
      const words = pieces.map(({ text }) => wordsOf(normalText(text)));
      if (pieces.length === 0) return nothingToLookAt;
      const [bad] = onBanned?.(words) ?? [];
      if (bad !== undefined) return { kind: "found", reason: `topic "${bad}"` };
      if (onAllowed === undefined) return pass;
      if (words.reduce((sum, { length }) => sum + length, 0) < fewestWords)
        return { kind: "not_evaluated", reason: `fewer than ${fewestWords} words` };
      return onAllowed(words).length > 0 ? pass : { kind: "found", reason: "none of the allowed topics" };
    },
  };
}

const pass: Judgement = { kind: "pass" };

/** The topics that have enough hits in the texts together. */
function topicsIn(
  topics: Topics | undefined,
  minHits: number,
): ((texts: readonly (readonly string[])[]) => readonly string[]) | undefined {
  if (topics === undefined) return undefined;
  const names = Object.keys(topics);
  const index = createPhraseIndex(
    Object.entries(topics).flatMap(([topic, phrases]) => phrases.map((phrase) => phraseOf(topic, phrase))),
  );
  return (texts) => {
    const hits = new Map<string, number>();
    for (const words of texts) index.count(words, hits);
    return names.filter((name) => (hits.get(name) ?? 0) >= minHits);
  };
}
