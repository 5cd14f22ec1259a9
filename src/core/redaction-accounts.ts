import { cardLength, ibanLength } from "./redaction-checks.ts";
import { compact, named, type RedactionRule } from "./redaction-matcher.ts";
import type { Span } from "./text-span.ts";

/** Numbers of accounts, by length and checksum. */
export const accounts: readonly RedactionRule[] = [
  named("iban", (text) => findIbans(text), compact),
  named("payment_card", (text) => findCards(text), compact),
];

// Seen ahead, not taken: a candidate that fails must not hide the one that begins inside it. Not within a UUID.
const ibanCandidate =
  /(?<![A-Za-z0-9]|[0-9A-Fa-f]{4}-)(?=(?<candidate>[A-Za-z]{2}\d{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,29}))/g;
// Not the decimals of a number such as 0.4111111111111111, and not within a hash. Cards have four digits or more in
// their first group, which spares rows of short numbers most of their time.
const cardCandidate = /(?<!\d|\d\.|[0-9A-Fa-f]{4})(?=(?<candidate>[2-6]\d{3}(?:[ \u00a0-]?\d){9,15}))/g;

interface Checksummed {
  readonly pattern: RegExp;
  readonly lengthOf: (candidate: string, next: string) => number | undefined;
}

function checksummed({ pattern, lengthOf }: Checksummed): (text: string) => readonly Span[] {
  return (text) => {
    const spans: Span[] = [];
    let from = 0;
    for (const { index: start, groups } of text.matchAll(pattern)) {
      const candidate = groups?.candidate;
      if (start < from || candidate === undefined) continue;
      const length = lengthOf(candidate, text.charAt(start + candidate.length));
      if (length === undefined) continue;
      from = start + length;
      spans.push({ start, end: from });
    }
    return spans;
  };
}

const findIbans = checksummed({ pattern: ibanCandidate, lengthOf: ibanLength });
const findCards = checksummed({ pattern: cardCandidate, lengthOf: cardLength });
