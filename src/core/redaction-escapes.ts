import type { Finding, RedactionRule } from "./redaction-matcher.ts";

/**
 * What rules find in the text, each finding once. In JSON within a text a line break is a letter, `\nDE89…`, and no rule sees
 * that a word begins behind it: so such a text is read a second time, with blanks for its escapes. The first reading stays, for
 * what looks like an escape may be none: `ACME\rob@example.com`.
 */
export function findingsIn(text: string, rules: readonly RedactionRule[]): readonly Finding[] {
  const findings = allOf(text, rules);
  const blanked = withBlanks(text);
  if (blanked === text) return findings;
  const known = new Set(findings.map(nameOf));
  for (const finding of allOf(blanked, rules)) if (!known.has(nameOf(finding))) findings.push(finding);
  return findings;
}

function allOf(text: string, rules: readonly RedactionRule[]): Finding[] {
  const all: Finding[] = [];
  for (const { find } of rules) {
    for (const finding of find(text)) all.push(finding);
  }
  return all;
}

function nameOf({ rule, start, end }: Finding): string {
  return `${rule} ${start} ${end}`;
}

// RFC 8259, section 7. Only where something begins behind them that they hide.
const letters = /\\[nrtbf](?=[\w+(:])/g;
/** Blanks, quotes, `&`, `<` and `>`, as those write them whose JSON stands in HTML. */
const codes = /\\u(?:00(?:0[9ad]|2[0-7]|3[ce]|a0)|202[89])(?=[\w+(:])/gi;

/** Of the same length, so that places stay. */
function withBlanks(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(letters, "\\ ").replaceAll(codes, "\\     ");
}
