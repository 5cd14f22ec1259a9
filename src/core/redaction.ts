import { keyedHash } from "./keyed-hash.ts";
import type { LinearPattern } from "./linear-pattern.ts";
import { isPlain } from "./redaction-plain.ts";
import { type RedactionRule, redactionRules } from "./redaction-rules.ts";
import type { Span } from "./text-span.ts";

declare const brand: unique symbol;

/** Text that has been through a redactor. What leaves the process takes nothing else. */
export type Redacted = string & { readonly [brand]: true };

export interface Redaction {
  readonly text: Redacted;
  /** Places that were replaced. */
  readonly count: number;
  /** Names of the rules that found something, each once, in the order of the text. */
  readonly rules: readonly string[];
}

export interface RedactedJson {
  /** The same shape; strings, keys and numbers that a rule found are replaced. */
  readonly value: unknown;
  readonly count: number;
  readonly rules: readonly string[];
}

export interface Redactor {
  /** The text itself where a look at its characters proves that no rule can find anything: 0.1 µs, for ids and names. */
  plain(text: string): Redacted | undefined;
  redact(text: string): Redaction;
  /** Redacts a JSON value; what lies deeper than 64 levels becomes `[deep]`. */
  redactAll(value: unknown): RedactedJson;
}

/** A rule of the operator's own. Its pattern is linear: it meets text that strangers wrote. */
export interface CustomPattern {
  readonly name: string;
  readonly pattern: LinearPattern;
}

/**
 * Replaces personal data and secrets by the name of what they were, `[email]`. With a key the same value gets the same
 * pseudonym, `[email:9f2c01ab]`, an HMAC that nobody without the key can look up. Checksummed kinds (payment cards,
 * IBANs) are promised; the others are found by their form. Names and addresses of persons are not found.
 */
export function createRedactor({
  pseudonymKey,
  patterns = [],
}: {
  readonly pseudonymKey?: string | undefined;
  readonly patterns?: readonly CustomPattern[];
} = {}): Redactor {
  const rules = [...redactionRules, ...patterns.map(({ name, pattern }) => ({ name, find: pattern.find }))];
  const pseudonymOf = pseudonymKey === undefined ? undefined : keyedHash(pseudonymKey);
  const redact = (text: string): Redaction => replaced(text, found(text, rules), pseudonymOf);
  // Of the operator's patterns nothing can be proved.
  const plain = (text: string) => (patterns.length === 0 && isPlain(text) ? (text as Redacted) : undefined);
  return {
    plain,
    redact,
    redactAll(value) {
      const tally: Tally = { count: 0, rules: new Set() };
      const redacted = redactedJson({ redact, tally }, value, 1);
      return { value: redacted, count: tally.count, rules: [...tally.rules] };
    },
  };
}

interface Finding extends Span {
  readonly rule: RedactionRule;
}

interface Tally {
  count: number;
  readonly rules: Set<string>;
}

interface Walk {
  readonly redact: (text: string) => Redaction;
  readonly tally: Tally;
}

const maxDepth = 64;

/** All findings in the order of the text. Those that overlap become one, under the first rule's name: no end sticks out. */
function found(text: string, rules: readonly RedactionRule[]): readonly Finding[] {
  const all: Finding[] = [];
  for (const rule of rules) {
    for (const span of rule.find(text)) all.push({ ...span, rule });
  }
  if (all.length < 2) return all;
  all.sort((a, b) => a.start - b.start);
  const merged: Finding[] = [];
  for (const finding of all) {
    const last = merged.at(-1);
    if (last === undefined || finding.start >= last.end) {
      merged.push(finding);
      continue;
    }
    const first = rules.indexOf(finding.rule) < rules.indexOf(last.rule) ? finding.rule : last.rule;
    merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, finding.end), rule: first };
  }
  return merged;
}

function replaced(
  text: string,
  findings: readonly Finding[],
  pseudonymOf: ((text: string) => string) | undefined,
): Redaction {
  const rules = new Set<string>();
  let redacted = "";
  let from = 0;
  for (const { start, end, rule } of findings) {
    redacted += text.slice(from, start) + label(rule, text.slice(start, end), pseudonymOf);
    from = end;
    rules.add(rule.name);
  }
  // The brand is given here and to what is plain, and nowhere else.
  const branded = (redacted + text.slice(from)) as Redacted;
  return { text: branded, count: findings.length, rules: [...rules] };
}

function label(
  rule: RedactionRule,
  value: string,
  pseudonymOf: ((text: string) => string) | undefined,
): string {
  if (pseudonymOf === undefined) return `[${rule.name}]`;
  // One person's spellings of a value share a pseudonym; the rule's name keeps kinds apart.
  const normal = rule.normalise?.(value) ?? value;
  return `[${rule.name}:${pseudonymOf(`${rule.name}\0${normal}`).slice(0, 8)}]`;
}

function redactedJson(walk: Walk, value: unknown, depth: number): unknown {
  if (typeof value === "string") return tallied(walk, value).text;
  if (typeof value === "number" || typeof value === "bigint") {
    const { count, text } = tallied(walk, String(value));
    return count === 0 ? value : text;
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth) return "[deep]";
  if (Array.isArray(value)) return value.map((item) => redactedJson(walk, item, depth + 1));
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [
    tallied(walk, key).text,
    redactedJson(walk, item, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function tallied({ redact, tally }: Walk, text: string): Redaction {
  const redaction = redact(text);
  tally.count += redaction.count;
  for (const rule of redaction.rules) tally.rules.add(rule);
  return redaction;
}
