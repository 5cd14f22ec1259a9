import { Matcher, RE2JS } from "re2js";
import type { Span } from "./text-span.ts";

/** A regular expression in RE2's syntax whose time is linear in the text, whatever pattern and text. */
export interface LinearPattern {
  readonly source: string;
  test(text: string): boolean;
  /**
   * The matches from left to right, none empty, none overlapping. A match of up to 256 characters is found whole; of a
   * longer one at least the parts. Where matches stand closer than one in eight characters, some are given as one span.
   */
  find(text: string): readonly Span[];
}

/**
 * Compiles `source`; `flags` are JavaScript's `i`, `m` and `s`. Throws an Error whose message says what is wrong with it:
 * RE2 has no lookaround and no backreferences, for these have no linear time. `\u00e4` is understood too.
 */
export function linearPattern(source: string, flags = ""): LinearPattern {
  const compiled = compile(source, flagsOf(flags));
  return {
    source,
    test: (text) => compiled.test(text),
    find: (text) => (compiled.test(text) ? matchesIn(compiled, text) : []),
  };
}

const maxSource = 1000;
/** Instructions of the program; each character of the text costs that many steps at worst. */
const maxProgram = 500;

function compile(source: string, flags: number): RE2JS {
  if (source === "") throw new Error("the pattern is empty; it would match everywhere");
  if (source.length > maxSource) {
    throw new Error(`the pattern has ${source.length} characters; at most ${maxSource} are allowed`);
  }
  const compiled = parsed(source, flags);
  if (compiled.programSize() > maxProgram) {
    throw new Error(
      `the pattern compiles to ${compiled.programSize()} steps, at most ${maxProgram} are allowed; make its repetitions shorter`,
    );
  }
  return compiled;
}

function parsed(source: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(source.replaceAll(codeUnit, "$1\\x{$2$3}"), flags);
  } catch (cause) {
    const reason =
      cause instanceof Error ? cause.message.replace("error parsing regexp: ", "") : String(cause);
    throw new Error(`the pattern is not one of RE2: ${reason}${cureOf(source)}`, { cause });
  }
}

/** JavaScript's `\u00e4` and `\u{1f600}`, behind an even number of backslashes. */
const codeUnit = /(?<!\\)((?:\\\\)*)\\u(?:([0-9A-Fa-f]{4})|\{([0-9A-Fa-f]{1,6})\})/g;

function cureOf(source: string): string {
  if (/\(\?<?[=!]/.test(source)) return "; it has no lookahead or lookbehind, use \\b or match more";
  return /\\[1-9k]/.test(source) ? "; it has no backreferences" : "";
}

function flagsOf(flags: string): number {
  const known: Readonly<Record<string, number>> = {
    i: RE2JS.CASE_INSENSITIVE,
    m: RE2JS.MULTILINE,
    s: RE2JS.DOTALL,
  };
  return [...flags].reduce((all, letter) => {
    const flag = known[letter];
    if (flag === undefined) throw new Error(`the flag "${letter}" is unknown; there are i, m and s`);
    return all | flag;
  }, 0);
}

/**
 * One match takes linear time; all of them do not: `a*b|a` reads a text of a's to its end for each of them, 27 minutes for
 * 100,000. So each is looked for in a window, and only so many in one.
 */
const step = 256;
const window = 2 * step;
const maxInWindow = 32;

function matchesIn(compiled: RE2JS, text: string): readonly Span[] {
  const spans: Span[] = [];
  let base = 0;
  while (base < text.length) base = matchesInWindow({ compiled, text, base, spans });
  return spans;
}

interface Place {
  readonly compiled: RE2JS;
  readonly text: string;
  /** Where the search goes on. */
  readonly base: number;
  readonly spans: Span[];
}

/** Adds the matches that begin before the next window, and gives that one's beginning. */
function matchesInWindow({ compiled, text, base, spans }: Place): number {
  // The character before is seen: `^` and `\b` ask for it.
  const offset = Math.max(0, base - 1);
  const part = text.slice(offset, base + window);
  const isLast = offset + part.length === text.length;
  const next = isLast ? text.length : base + step;
  const matcher = new Matcher(compiled, part);
  let found = 0;
  let at = base;
  while (at < next && matcher.find(at - offset)) {
    const start = offset + matcher.start();
    const end = offset + matcher.end();
    if (start >= next) break;
    // It may go on behind the window, or be none: once more, from a window that begins with it.
    if (end === offset + part.length && !isLast && start > base) return start;
    if (end > start) {
      found += 1;
      if (found > maxInWindow) {
        spans.push({ start, end: Math.max(end, next) });
        return Math.max(end, next);
      }
      spans.push({ start, end });
    }
    at = end > start ? end : start + 1;
  }
  return Math.max(at, next);
}
