import { functionWords, scripts, tellingLetters } from "./language-profiles.ts";
import { normalized } from "./normal-text.ts";

/** Languages that can be told, by their ISO 639-1 codes. */
export const knownLanguages: readonly string[] = scripts.flatMap(({ languages }) => languages);

/**
 * The languages that the text may be in, the likeliest first; none when it is too short, too mixed or of none of them.
 * More than one stands for neighbours that it does not tell apart. Code, quotations, addresses and links are left out.
 */
export function detectLanguages(text: string): readonly string[] {
  const prose = normalized(proseOf(text), "NFC");
  const letters = scripts.map(({ letter, weight }) => weight * (prose.match(letter)?.length ?? 0));
  const total = letters.reduce((sum, count) => sum + count, 0);
  const most = Math.max(...letters);
  const script = scripts[letters.indexOf(most)];
  if (total < fewestLetters || most < clearShare * total || script === undefined) return [];
  const { languages } = script;
  if (languages.includes("zh")) return [isJapanese(prose) ? "ja" : "zh"];
  return languages.length === 1 ? languages : byWords(prose.toLowerCase(), languages);
}

const fewestLetters = 20;
const clearShare = 0.6;
/** Characters of prose beyond which another sentence changes nothing. */
const enough = 5_000;

/** Every repetition is bounded: one that looks for its end in vain costs so many steps at most. */
function proseOf(text: string): string {
  return outsideOfFences(text)
    .replace(/`[^`\n]{1,500}`/g, " ")
    .replace(/^[ \t]{0,8}>.*$/gm, " ")
    .replace(/"[^"\n]{1,300}"|“[^”\n]{1,300}”|«[^»\n]{1,300}»|„[^“”\n]{1,300}[“”]/g, " ")
    .replace(/\S{0,64}(?::\/\/|@)\S{1,500}/g, " ");
}

/** The beginning of what stands outside of blocks of code. */
function outsideOfFences(text: string): string {
  let prose = "";
  let start = 0;
  for (let blocks = 0; start < text.length && prose.length < enough && blocks < mostBlocks; blocks++) {
    const open = fenceAfter(text, start);
    prose += `${prose === "" ? "" : "\n"}${text.slice(start, Math.min(open, start + enough))}`;
    start = fenceAfter(text, open + fence.length) + fence.length;
  }
  return prose.slice(0, enough);
}

const fence = "```";
/** A text with more blocks of code is none of prose. */
const mostBlocks = 1_000;

function fenceAfter(text: string, start: number): number {
  const at = text.indexOf(fence, start);
  return at === -1 ? text.length : at;
}

function isJapanese(prose: string): boolean {
  const kana = prose.match(/[\p{sc=Hiragana}\p{sc=Katakana}]/gu)?.length ?? 0;
  const han = prose.match(/\p{sc=Han}/gu)?.length ?? 0;
  return kana > 0.15 * han;
}

/** Each function word with its languages. */
const languagesOfWord = new Map<string, string[]>();
for (const [language, words] of Object.entries(functionWords)) {
  for (const word of new Set(words.split(" "))) {
    const known = languagesOfWord.get(word);
    if (known === undefined) languagesOfWord.set(word, [language]);
    else known.push(language);
  }
}

/** Words that speak for a language: fewer than this are chance. */
const fewestHits = 2;
const fewestShare = 0.15;
/** What comes so near to the best is not told apart from it. */
const near = 0.85;

function byWords(prose: string, languages: readonly string[]): readonly string[] {
  const words = prose.match(/[\p{L}\p{M}]+(?:'[\p{L}\p{M}]*)?/gu) ?? [];
  const hits = hitsIn(words);
  const scores = languages.map((language) => ({ language, score: hits.get(language) ?? 0 }));
  const best = Math.max(...scores.map(({ score }) => score));
  if (best < fewestHits || best < fewestShare * words.length) return [];
  return scores
    .filter(({ score }) => score >= near * best)
    .toSorted((a, b) => b.score - a.score)
    .map(({ language }) => language);
}

/** By language: a function word counts once, a word with a telling letter half. */
function hitsIn(words: readonly string[]): ReadonlyMap<string, number> {
  const hits = new Map<string, number>();
  for (const word of words) {
    const known = languagesOfWord.get(word) ?? [];
    for (const language of known) hits.set(language, (hits.get(language) ?? 0) + 1);
    if (!/[^\0-\x7f]/.test(word)) continue;
    for (const [language, letters] of Object.entries(tellingLetters)) {
      if (known.includes(language) || !hasOneOf(word, letters)) continue;
      hits.set(language, (hits.get(language) ?? 0) + 0.5);
    }
  }
  return hits;
}

function hasOneOf(word: string, letters: string): boolean {
  for (const letter of word) if (letter > "\u007f" && letters.includes(letter)) return true;
  return false;
}
