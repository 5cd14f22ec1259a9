/**
 * Length, in the candidate's own characters, of the payment card number that it starts with; undefined for none.
 * `next` is the character after the candidate. Luhn's checksum (ISO/IEC 7812-1, annex B) and the lengths of the brands
 * by first digit.
 */
export function cardLength(candidate: string, next: string): number | undefined {
  const lengths = cardLengths.get(candidate.charAt(0)) ?? [];
  for (const wanted of lengths) {
    const end = endOfCharacters(candidate, wanted);
    if (end === undefined || goesOn(candidate, next, end) || !passesLuhn(candidate, end)) continue;
    if (isInGroups(candidate.slice(0, end))) return end;
  }
  return undefined;
}

/** As a card or a person groups its digits, and not numbers in a row of which one in ten passes. The candidate began with four. */
function isInGroups(number: string): boolean {
  const inner = number.split(/\D/).slice(1, -1);
  return inner.every(({ length }) => length >= 3) && !uuidStart.test(number);
}

/** Groups of a UUID: no card has eight digits before four. */
const uuidStart = /^\d{8}-\d{4}-/;

/** The same for an IBAN: the length of its country, and ISO 7064's mod 97-10 (ISO 13616-1). */
export function ibanLength(candidate: string, next: string): number | undefined {
  const wanted = ibanLengths.get(candidate.slice(0, 2).toUpperCase());
  const end = wanted === undefined ? undefined : endOfCharacters(candidate, wanted);
  if (end === undefined || goesOn(candidate, next, end)) return undefined;
  const iban = candidate
    .slice(0, end)
    .replaceAll(/[^0-9A-Za-z]/g, "")
    .toUpperCase();
  let remainder = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
  }
  return remainder === 1 ? end : undefined;
}

/**
 * An IPv6 address in text (RFC 4291, 2.2), if it looks like one of a machine: `a::b` in a program is none, nor is a
 * time of day.
 */
export function isIpv6(candidate: string): boolean {
  const halves = candidate.split("::");
  if (halves.length > 2 || !/\d/.test(candidate)) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const hasIpv4 = ipv4.test(last);
  const hexGroups = hasIpv4 ? groups.slice(0, -1) : groups;
  if (!hexGroups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  const size = hexGroups.length + (hasIpv4 ? 2 : 0);
  if (halves.length === 1) return size === 8;
  const isTelling = hasIpv4 || size >= 4 || (groups[0] ?? "").length >= 3;
  return size <= 7 && isTelling && !(hasIpv4 && candidate.endsWith("::"));
}

const ipv4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;

// Diners, American Express, JCB · Visa · Mastercard · Discover, UnionPay, Maestro. The longest first.
const cardLengths: ReadonlyMap<string, readonly number[]> = new Map([
  ["2", [16]],
  ["3", [19, 16, 15, 14]],
  ["4", [19, 16, 13]],
  ["5", [19, 16]],
  ["6", [19, 18, 17, 16]],
]);

// SWIFT's IBAN registry: country and length.
export const ibanLengths: ReadonlyMap<string, number> = new Map(
  `AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24
  FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32
  LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24
  RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30`
    .split(/\s+/)
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** Where the n-th letter or digit ends; undefined when there are fewer. */
function endOfCharacters(candidate: string, wanted: number): number | undefined {
  let seen = 0;
  for (let index = 0; index < candidate.length; index += 1) {
    if (isAlphanumeric(candidate, index)) seen += 1;
    if (seen === wanted) return index + 1;
  }
  return undefined;
}

/** A letter or digit follows: the number is longer than what was looked at. */
function goesOn(candidate: string, next: string, end: number): boolean {
  return end < candidate.length ? isAlphanumeric(candidate, end) : isAlphanumeric(next, 0);
}

function isAlphanumeric(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

/** The digits of `text` before `end`, from right to left, whatever stands between them. */
function passesLuhn(text: string, end: number): boolean {
  let sum = 0;
  let isDoubled = false;
  for (let index = end - 1; index >= 0; index -= 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) continue;
    const doubled = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += isDoubled ? doubled : digit;
    isDoubled = !isDoubled;
  }
  return sum % 10 === 0;
}
