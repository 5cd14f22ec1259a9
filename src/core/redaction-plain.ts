import { ibanLengths } from "./redaction-checks.ts";

/**
 * Proves of a short id or name that no built-in rule of redaction finds anything in it; false where there is no proof.
 * It costs 0.1 µs, the rules 3 µs, and most of what a request tells by its own words are ids that nobody has seen before.
 *
 * Each rule needs something that is looked for here: an e-mail address its `@`, an IPv6 address and a phone number with
 * its country their `:` and `+`, a private key and a bearer token a space, all of them characters that no id has; an
 * IPv4 address three dots; an IBAN a word that begins with its country and two digits; a payment card thirteen digits,
 * between which one hyphen may stand; a social security or phone number nine of them and two hyphens or dots; a token or
 * key of a service its first two letters, after something that is no part of a word.
 */
export function isPlain(text: string): boolean {
  let before: number = kind.slash;
  let dots = 0;
  let digits = 0;
  let separators = 0;
  // Of the country and checksum that an IBAN begins with; past them, or when the word cannot be one, beyond.
  let iban = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const now = kinds[code] ?? kind.other;
    if (now === kind.other) return false;
    if (before >= kind.dot && isPair(code, text.charCodeAt(i + 1), keyStart)) return false;
    if (now === kind.digit) {
      digits += 1;
      iban = iban === 2 || iban === 3 ? iban + 1 : notIban;
      if (iban === 4 || digits >= 13 || (digits >= 9 && separators >= 2)) return false;
    } else {
      if (now !== kind.letter) iban = 0;
      else if (iban === 0) iban = 1;
      else iban = iban === 1 && isPair(text.charCodeAt(i - 1), code, country) ? 2 : notIban;
      const separates = now === kind.hyphen || now === kind.dot;
      if (separates && before === kind.digit) separators += 1;
      else {
        digits = 0;
        separators = 0;
      }
      if (now === kind.dot) dots += 1;
      if (dots >= 3) return false;
    }
    before = now;
  }
  return true;
}

/** What a character may be in an id. A dot or a slash is no part of a word. */
const kind = { other: 0, letter: 1, digit: 2, underscore: 3, hyphen: 4, dot: 5, slash: 6 } as const;
const notIban = 5;

const kinds = new Uint8Array(128).map((_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z]/.test(character)) return kind.letter;
  if (/\d/.test(character)) return kind.digit;
  const other = { _: kind.underscore, "-": kind.hyphen, ".": kind.dot, "/": kind.slash };
  return Object.entries(other).find(([one]) => one === character)?.[1] ?? kind.other;
});

/** By the codes of two characters: the beginnings of the rules `jwt`, `api_key` and `assay_key`, and the countries that have IBANs. */
const pairs = new Uint8Array(128 * 128);
const keyStart = 1;
const country = 2;
for (const code of ibanLengths.keys()) {
  const [upper, lower] = [code, code.toLowerCase()];
  for (const first of [upper[0], lower[0]])
    for (const second of [upper[1], lower[1]]) mark(first, second, country);
}
for (const [first, second] of [
  "ey",
  "AK",
  "AS",
  "AI",
  "as",
  "gh",
  "gi",
  "gl",
  "gs",
  "xo",
  "xa",
  "hf",
  "np",
  "rk",
  "sk",
]) {
  mark(first, second, keyStart);
}

function mark(first = "", second = "", as: number): void {
  const at = first.charCodeAt(0) * 128 + second.charCodeAt(0);
  pairs[at] = (pairs[at] ?? 0) | as;
}

function isPair(first: number, second: number, as: number): boolean {
  return ((pairs[first * 128 + second] ?? 0) & as) !== 0;
}
