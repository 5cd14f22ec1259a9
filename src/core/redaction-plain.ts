import { ibanLengths } from "./redaction-checks.ts";
import { keyEnd } from "./redaction-keys.ts";

/**
 * Proves of a short id or name that no built-in rule of redaction finds anything in it; false where there is no proof.
 * It costs 0.1 µs, the rules 5 µs, and most of what a request tells by its own words are ids that nobody has seen before.
 *
 * Each rule needs something that is looked for here. Most need a character that no id has: an e-mail address its `@`, an
 * IPv6 address, a URL's password and what is assigned `:` or `=`, a phone number with its country `+`, a private key and a
 * bearer token a space. Of the others, an IPv4 address needs three dots; an IBAN a word that begins with its country and
 * two digits; every other number nine digits, or ten where one hyphen or dot stands between them, or, with letters in it, eight
 * after Corsica's A or B, seven or eight at the beginning of a word or after Spain's X, Y and Z, or a word of 16 letters and
 * digits, as Italy's; a MAC address four hyphens with two characters between them, or two dots with four; a token of a
 * service its own beginning after something that is no part of a word, or more than 64 characters.
 */
export function isPlain(text: string): boolean {
  if (text.length > longest) return false;
  let before: number = kind.slash;
  let dots = 0;
  let digits = 0;
  let separators = 0;
  let digitsStart = 0;
  let wordStart = 0;
  // Of the country and checksum that an IBAN begins with; past them, or when the word cannot be one, beyond.
  let iban = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const now = kinds[code] ?? kind.other;
    if (now === kind.other) return false;
    if (before >= kind.dot && (isToken(text, i) || keyEnd(text, i) !== undefined)) return false;
    if (now === kind.digit) {
      if (digits === 0) {
        digitsStart = i;
        separators = 0;
      }
      digits += 1;
      iban = iban === 2 || iban === 3 ? iban + 1 : notIban;
      if (iban === 4 || isNumber(digits, separators)) return false;
      if (digits === 8 && isCorsica(text.charCodeAt(i - 8))) return false;
    } else if (now === kind.letter) {
      if ((digits === 7 || digits === 8) && mayPrecedeSpain(text.charCodeAt(digitsStart - 1))) return false;
      digits = 0;
      if (iban === 0) iban = 1;
      else iban = iban === 1 && isCountry(text.charCodeAt(i - 1), code) ? 2 : notIban;
    } else {
      if (i - wordStart === italianLength || isMac(text, i, now)) return false;
      wordStart = i + 1;
      iban = 0;
      separators += 1;
      if ((now !== kind.hyphen && now !== kind.dot) || before !== kind.digit) digits = 0;
      if (now === kind.dot) dots += 1;
      if (dots >= 3) return false;
    }
    before = now;
  }
  return text.length - wordStart !== italianLength;
}

const longest = 64;
const italianLength = 16;

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

/** Countries that have IBANs, in both cases, by the codes of two characters. */
const countries = new Uint8Array(128 * 128);
for (const code of ibanLengths.keys()) {
  for (const first of [code.charAt(0), code.charAt(0).toLowerCase()])
    for (const second of [code.charAt(1), code.charAt(1).toLowerCase()])
      countries[first.charCodeAt(0) * 128 + second.charCodeAt(0)] = 1;
}

function isCountry(first: number, second: number): boolean {
  return countries[first * 128 + second] === 1;
}

function isCorsica(code: number): boolean {
  return /[ABab]/.test(String.fromCharCode(code));
}

function mayPrecedeSpain(code: number): boolean {
  return kinds[code] !== kind.letter || /[XYZxyz]/.test(String.fromCharCode(code));
}

/** Of a JWT. */
function isToken(text: string, at: number): boolean {
  return text.charCodeAt(at) === 0x65 && text.startsWith("eyJ", at);
}

/** Its first hyphen of four, or its first dot of two. */
function isMac(text: string, at: number, separator: number): boolean {
  if (separator === kind.dot) return text.charAt(at + 5) === ".";
  if (separator !== kind.hyphen) return false;
  return text.charAt(at + 3) === "-" && text.charAt(at + 6) === "-" && text.charAt(at + 9) === "-";
}

/** Ids of nine digits have no separator or two of them. */
function isNumber(digits: number, separators: number): boolean {
  return digits >= 10 || (digits === 9 && separators !== 1);
}
