/** Topics by keywords: what is to be talked of, and what is not. */
import type { SchemaNode } from "../config/schema-node.ts";
import { count } from "../config/schema-node.ts";
import type { CancelSignal } from "../domain/chat.ts";
import type { GuardrailCheck, Judgement } from "../domain/guardrail.ts";
import type { CheckDefinition, SettingsProblem } from "./check-definition.ts";
import { nothingToLookAt } from "./findings.ts";
import { nextTurn } from "./long-text.ts";
import { normalText, wordsOf } from "./normal-text.ts";
import { createPhraseIndex, type Phrase, type PhraseIndex } from "./phrase-index.ts";
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
  const counters = [counterOf(banned), counterOf(allowed)] as const;
  const judgementOf = (hits: Hits, isAside: boolean): Judgement => {
    const [ofBanned, ofAllowed] = hits.byCounter;
    const named = (topics: Topics, ofTopics: ReadonlyMap<string, number>) =>
      Object.keys(topics).find((name) => (ofTopics.get(name) ?? 0) >= minHits);
    const bad = banned && named(banned, ofBanned);
    if (bad !== undefined) return { kind: "found", reason: `topic "${bad}"` };
    if (allowed === undefined || isAside) return pass;
    if (hits.words < fewestWords) return { kind: "not_evaluated", reason: `fewer than ${fewestWords} words` };
    return named(allowed, ofAllowed) === undefined
      ? { kind: "found", reason: "none of the allowed topics" }
      : pass;
  };
  return {
    windowChars: undefined,
    judge: (subject, { signal }) => {
      const texts = piecesOf(subject, roles).map(({ text }) => text);
      if (texts.length === 0) return nothingToLookAt;
      const hits: Hits = { words: 0, byCounter: [new Map(), new Map()] };
      const isLong = texts.reduce((sum, { length }) => sum + length, 0) > partChars;
      const isAside = subject.texts.every((text) => text.isAside === true);
      if (isLong) return countInTurns(texts, counters, hits, signal).then(() => judgementOf(hits, isAside));
      for (const text of texts) countWords(wordsOf(normalText(text)), counters, hits);
      return judgementOf(hits, isAside);
    },
  };
}

const pass: Judgement = { kind: "pass" };

/** Of the banned topics, and of the allowed ones. */
type Counters = readonly [PhraseIndex, PhraseIndex];

/** What was counted in the texts together. */
interface Hits {
  words: number;
  readonly byCounter: readonly [Map<string, number>, Map<string, number>];
}

function counterOf(topics: Topics = {}): PhraseIndex {
  return createPhraseIndex(
    Object.entries(topics).flatMap(([topic, phrases]) => phrases.map((phrase) => phraseOf(topic, phrase))),
  );
}

/** Counts the phrases that begin before `until`. */
function countWords(words: readonly string[], counters: Counters, hits: Hits, until = words.length): void {
  hits.words += until;
  for (const [index, counter] of counters.entries()) {
    const of = hits.byCounter[index];
    if (of !== undefined) counter.count(words, of, until);
  }
}

/** Characters that are read at once: some take eighteen when they are spelled out. */
const partChars = 16_384;

async function countInTurns(
  texts: readonly string[],
  counters: Counters,
  hits: Hits,
  signal: CancelSignal,
): Promise<void> {
  const longest = Math.max(...counters.map((counter) => counter.longest));
  for (const text of texts) {
    let words: readonly string[] = [];
    for (let from = 0; from < text.length; ) {
      const to = endOfWord(text, from + partChars);
      // A phrase may have begun with the last words of the part before.
      words = [...words, ...wordsOf(normalText(text.slice(from, to)))];
      const until = to === text.length ? words.length : Math.max(0, words.length - longest + 1);
      countWords(words, counters, hits, until);
      words = words.slice(until);
      from = to;
      await nextTurn(signal);
    }
  }
}

/** What is longer than this is no word of a topic. */
const longestWord = 256;

function endOfWord(text: string, at: number): number {
  if (at >= text.length) return text.length;
  const space = text.slice(at, at + longestWord).search(/\s/);
  return space === -1 ? at : at + space;
}
