import { keyedHash } from "./keyed-hash.ts";
import type { LinearPattern } from "./linear-pattern.ts";
import { beforeValue, isPlaceholder, secretKindOf } from "./redaction-assignments.ts";
import { findingsIn } from "./redaction-escapes.ts";
import type { Finding, RedactionRule } from "./redaction-matcher.ts";
import { named } from "./redaction-matcher.ts";
import { isPlain } from "./redaction-plain.ts";
import { redactionRules } from "./redaction-rules.ts";

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
  /** The same shape; strings, keys and numbers that a rule found are replaced. A key says what its value may be. */
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
  /** In lower case; the pattern is tried only where the text has it, in whatever case. */
  readonly keyword?: string | undefined;
}

export interface RedactorOptions {
  readonly pseudonymKey?: string | undefined;
  readonly patterns?: readonly CustomPattern[];
  /** Names of built-in rules that are not to be applied. */
  readonly off?: readonly string[];
}

/**
 * Replaces personal data and secrets by the name of what they were, `[email]`. With a key the same value gets the same
 * pseudonym, `[email:9f2c01ab]`, an HMAC that nobody without the key can look up. Checksummed kinds (payment cards,
 * IBANs, national ids) are promised; the others are found by their form. Names and addresses of persons are not found.
 */
export function createRedactor({ pseudonymKey, patterns = [], off = [] }: RedactorOptions = {}): Redactor {
  const pseudonymOf = pseudonymKey === undefined ? undefined : keyedHash(pseudonymKey);
  const isOff = (name: string) => off.includes(name);
  const rules = [...redactionRules, ...patterns.map(ruleOf)].filter(({ names }) => !names.every(isOff));
  const redactBehind = (before: string, text: string) => {
    const all = findingsIn(before + text, rules).filter(({ rule }) => !isOff(rule));
    return replaced({ text, findings: behind(before, merged(all, rules)), rules, pseudonymOf });
  };
  const redact = (text: string) => redactBehind("", text);
  // Of the operator's patterns nothing can be proved.
  const plain = (text: string) => (patterns.length === 0 && isPlain(text) ? (text as Redacted) : undefined);
  const redactWhole = (rule: string, text: string) =>
    replaced({ text, findings: [{ start: 0, end: text.length, rule }], rules, pseudonymOf });
  return {
    plain,
    redact,
    redactAll(value) {
      const tally: Tally = { count: 0, rules: new Set() };
      const redactValue = (key: string, text: string) =>
        !isOff("password") && secretKindOf(key) === "password" && text !== "" && !isPlaceholder(text)
          ? redactWhole("password", text)
          : redactBehind(beforeValue(key, text), text);
      const redacted = redactedJson({ redact, redactValue, tally }, value, { depth: 1 });
      return { value: redacted, count: tally.count, rules: [...tally.rules] };
    },
  };
}

interface Tally {
  count: number;
  readonly rules: Set<string>;
}

interface Walk {
  readonly redact: (text: string) => Redaction;
  readonly redactValue: (key: string, text: string) => Redaction;
  readonly tally: Tally;
}

const maxDepth = 64;

function ruleOf({ name, pattern, keyword }: CustomPattern): RedactionRule {
  const isPossible = (text: string) => keyword === undefined || text.toLowerCase().includes(keyword);
  return named(name, (text) => (isPossible(text) ? pattern.find(text) : []));
}

/** In the order of the text. Those that overlap become one, under the first rule's name: no end sticks out. */
function merged(all: readonly Finding[], rules: readonly RedactionRule[]): readonly Finding[] {
  if (all.length < 2) return all;
  const rankOf = (name: string) => rules.findIndex(({ names }) => names.includes(name));
  const merged: Finding[] = [];
  for (const finding of all.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || finding.start >= last.end) {
      merged.push(finding);
      continue;
    }
    const { rule } = rankOf(finding.rule) < rankOf(last.rule) ? finding : last;
    merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, finding.end), rule };
  }
  return merged;
}

/** As places in the text that `before` stood in front of. */
function behind(before: string, findings: readonly Finding[]): readonly Finding[] {
  const offset = before.length;
  if (offset === 0) return findings;
  return findings
    .filter(({ end }) => end > offset)
    .map(({ start, end, rule }) => ({ start: Math.max(0, start - offset), end: end - offset, rule }));
}

interface Replacing {
  readonly text: string;
  readonly findings: readonly Finding[];
  readonly rules: readonly RedactionRule[];
  readonly pseudonymOf: ((text: string) => string) | undefined;
}

function replaced({ text, findings, ...naming }: Replacing): Redaction {
  const names = new Set<string>();
  let redacted = "";
  let from = 0;
  for (const { start, end, rule } of findings) {
    redacted += text.slice(from, start) + label(rule, text.slice(start, end), naming);
    from = end;
    names.add(rule);
  }
  // The brand is given here and to what is plain, and nowhere else.
  const branded = (redacted + text.slice(from)) as Redacted;
  return { text: branded, count: findings.length, rules: [...names] };
}

function label(
  name: string,
  value: string,
  { rules, pseudonymOf }: Pick<Replacing, "rules" | "pseudonymOf">,
) {
  if (pseudonymOf === undefined) return `[${name}]`;
  // One person's spellings of a value share a pseudonym; the rule's name keeps kinds apart.
  const normal = rules.find(({ names }) => names.includes(name))?.normalise?.(value) ?? value;
  return `[${name}:${pseudonymOf(`${name}\0${normal}`).slice(0, 8)}]`;
}

/** Where a value stands: how deep, and under which key, that of the list it stands in. */
interface Place {
  readonly depth: number;
  readonly key?: string;
}

function redactedJson(walk: Walk, value: unknown, { depth, key }: Place): unknown {
  if (typeof value === "string") return redactedValue(walk, value, key).text;
  if (typeof value === "number" || typeof value === "bigint") {
    const { count, text } = redactedValue(walk, String(value), key);
    return count === 0 ? value : text;
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth) return "[deep]";
  const below = depth + 1;
  if (Array.isArray(value)) {
    return value.map((item) =>
      redactedJson(walk, item, { depth: below, ...(key === undefined ? {} : { key }) }),
    );
  }
  const entries = Object.entries(value).map(([name, item]): [string, unknown] => [
    tallied(walk, walk.redact(name)).text,
    redactedJson(walk, item, { depth: below, key: name }),
  ]);
  return Object.fromEntries(entries);
}

function redactedValue(walk: Walk, text: string, key: string | undefined): Redaction {
  return tallied(walk, key === undefined ? walk.redact(text) : walk.redactValue(key, text));
}

function tallied({ tally }: Walk, redaction: Redaction): Redaction {
  tally.count += redaction.count;
  for (const rule of redaction.rules) tally.rules.add(rule);
  return redaction;
}
