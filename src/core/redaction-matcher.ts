import type { Span } from "./text-span.ts";

/** A place, and the name of the rule that found it. */
export interface Finding extends Span {
  readonly rule: string;
}

export interface RedactionRule {
  /** What its findings are called; most rules have one name. */
  readonly names: readonly string[];
  /** Findings in order, without overlap. Time is linear in the text, whatever the text. */
  readonly find: (text: string) => readonly Finding[];
  /** One spelling for all spellings of a value, for its pseudonym. */
  readonly normalise?: (value: string) => string;
}

/** The rule of one name. */
export function named(
  name: string,
  find: (text: string) => readonly Span[],
  normalise?: (value: string) => string,
): RedactionRule {
  const rule = {
    names: [name],
    find: (text: string) => find(text).map(({ start, end }) => ({ start, end, rule: name })),
  };
  return normalise === undefined ? rule : { ...rule, normalise };
}

interface Matcher {
  /** The text has one of these, or the pattern is not tried. */
  readonly hints?: readonly string[];
  readonly pattern: RegExp;
  readonly accepts?: (match: string) => boolean;
}

/** The places of a pattern that begins at a token's beginning (a lookbehind) or has bounded length. */
export function matches({ hints, pattern, accepts }: Matcher): (text: string) => readonly Span[] {
  return (text) => {
    if (hints !== undefined && !hints.some((hint) => text.includes(hint))) return [];
    const spans: Span[] = [];
    for (const match of text.matchAll(pattern)) {
      if (accepts !== undefined && !accepts(match[0])) continue;
      spans.push({ start: match.index, end: match.index + match[0].length });
    }
    return spans;
  };
}

/** Where a sticky pattern that begins at `at` ends. */
export function endOfMatch(sticky: RegExp, text: string, at: number): number | undefined {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}

/** Letters and digits alone, in capitals. */
export function compact(value: string): string {
  return value.replaceAll(/[^0-9A-Za-z]/g, "").toUpperCase();
}

export function lowerCase(value: string): string {
  return value.toLowerCase();
}

/** Membership by UTF-16 code, for loops over characters; what lies beyond the table is in no class. */
export function characterTable(characters: RegExp): Uint8Array {
  return new Uint8Array(0x250).map((_, code) => (characters.test(String.fromCharCode(code)) ? 1 : 0));
}

/** Bits per character (Shannon 1948), of the characters as often as they stand in the text. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
