import { cardLength, ibanLength, isIpv6 } from "./redaction-checks.ts";

/** `[start, end)` in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface RedactionRule {
  readonly name: string;
  /** Spans in order, without overlap. Time is linear in the text, whatever the text. */
  readonly find: (text: string) => readonly Span[];
  /** One spelling for all spellings of a value, for its pseudonym. */
  readonly normalise?: (value: string) => string;
}

/**
 * What is looked for, the most telling first. Each rule asks for a character or word that it cannot do without, then
 * looks only there. Patterns start at the beginning of a token (a lookbehind) or have bounded length, so that no text
 * makes them quadratic.
 */
export const redactionRules: readonly RedactionRule[] = [
  { name: "private_key", find: privateKeys },
  { name: "jwt", find: matches({ hints: ["eyJ"], pattern: /(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]*){2,4}/g }) },
  { name: "api_key", find: apiKeys },
  {
    name: "assay_key",
    find: matches({ hints: ["ask_"], pattern: /(?<![\w-])ask_[0-9a-f]{12}_[\w-]{43}/g }),
  },
  { name: "bearer_token", find: bearerTokens },
  { name: "email", find: emails, normalise: (value) => value.toLowerCase() },
  { name: "iban", find: (text) => findIbans(text), normalise: compact },
  { name: "payment_card", find: (text) => findCards(text), normalise: compact },
  {
    name: "us_ssn",
    find: matches({
      hints: ["-"],
      // Areas 000, 666 and 900 on, group 00 and serial 0000 were never issued (SSA, randomisation of 2011).
      pattern: /(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g,
    }),
  },
  {
    name: "phone",
    find: matches({ hints: ["+"], pattern: /(?<![\w+])\+[1-9](?:[ .()/\u00a0-]{0,2}\d){7,14}(?![\d])/g }),
    normalise: compact,
  },
  {
    name: "phone",
    find: matches({
      pattern: /(?<![\w.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. ])\d{3}[-. ]\d{4}(?![\w-]|\.\d)/g,
    }),
    normalise: compact,
  },
  {
    name: "ip_address",
    find: matches({
      hints: ["."],
      pattern: /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)/g,
    }),
  },
  { name: "ip_address", find: ipv6Addresses, normalise: (value) => value.toLowerCase() },
];

interface Matcher {
  /** The text has one of these, or the pattern is not tried. */
  readonly hints?: readonly string[];
  readonly pattern: RegExp;
  readonly accepts?: (match: string) => boolean;
}

function matches({ hints, pattern, accepts }: Matcher): (text: string) => readonly Span[] {
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

function compact(value: string): string {
  return value.replaceAll(/[^0-9A-Za-z]/g, "").toUpperCase();
}

// A key whose end is missing, cut off by a limit, is still a key; the longest in use, RSA of 8192 bits, has 6,400 bytes.
const longestPrivateKey = 8_192;
const privateKeyHeader = /-----BEGIN (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----/y;
const privateKeyFooter = /-----END [A-Z0-9 ]{1,64}-----/y;

function privateKeys(text: string): readonly Span[] {
  const spans: Span[] = [];
  let footer = -1;
  let start = text.indexOf("-----BEGIN ");
  while (start !== -1) {
    const body = endOfMatch(privateKeyHeader, text, start);
    let end = start + 1;
    if (body !== undefined) {
      // Looked for once, not once for each header.
      if (footer < body) footer = text.indexOf("-----END ", body);
      if (footer === -1) footer = text.length;
      end = Math.min(text.length, body + longestPrivateKey);
      if (footer <= end) end = endOfMatch(privateKeyFooter, text, footer) ?? footer;
      spans.push({ start, end });
    }
    start = text.indexOf("-----BEGIN ", end);
  }
  return spans;
}

function endOfMatch(sticky: RegExp, text: string, at: number): number | undefined {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}

const findVendorKeys = matches({
  hints: [
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "xox",
    "xapp-",
    "AIza",
    "glpat-",
    "hf_",
    "npm_",
    "k_live_",
    "k_test_",
    "gsk_",
    "xai-",
  ],
  pattern: new RegExp(
    `(?<![\\w-])(?:${[
      "A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])",
      "gh[opsur]_[A-Za-z0-9]{36,}",
      "github_pat_[A-Za-z0-9_]{22,}",
      "xox[abeoprs]-[A-Za-z0-9-]{10,}",
      "xapp-[A-Za-z0-9-]{10,}",
      "AIza[\\w-]{35}(?![\\w-])",
      "glpat-[\\w-]{20,}(?:\\.[\\w-]+)*",
      "hf_[A-Za-z0-9]{30,}",
      "npm_[A-Za-z0-9]{36,}",
      "[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
      "gsk_[A-Za-z0-9]{32,}",
      "xai-[A-Za-z0-9]{32,}",
    ].join("|")})`,
    "g",
  ),
});
const findSkKeys = matches({
  hints: ["sk-"],
  pattern: /(?<![\w-])sk-[\w-]{20,}/g,
  // Words joined by hyphens are not random: a key mixes cases and digits, or is a long run of digits and letters.
  accepts: (key) =>
    /\d/.test(key) && ((/[A-Z]/.test(key) && /[a-z]/.test(key.slice(3))) || /[A-Za-z0-9]{24}/.test(key)),
});

function apiKeys(text: string): readonly Span[] {
  return [...findVendorKeys(text), ...findSkKeys(text)];
}

const bearer = /(?<![\w-])bearer[ \t]{1,8}(?<token>[\w.~+/-]{8,}=*)/gi;

function bearerTokens(text: string): readonly Span[] {
  if (!text.includes("earer") && !text.includes("EARER")) return [];
  const spans: Span[] = [];
  for (const match of text.matchAll(bearer)) {
    const token = match.groups?.token ?? "";
    // "Bearer certificates" is prose.
    if (!/\d/.test(token) && !/[a-z][A-Z]/.test(token)) continue;
    const end = match.index + match[0].length;
    spans.push({ start: end - token.length, end });
  }
  return spans;
}

const isLocalCharacter = characterTable(/[\w.%+'\u00c0-\u024f-]/);
const isDomainCharacter = characterTable(/[A-Za-z0-9.\u00c0-\u024f-]/);
// 64 and 255 octets: RFC 5321, 4.5.3.1.
const longestLocal = 64;
const longestDomain = 255;
const domain = /^[A-Za-z0-9\u00c0-\u024f-]+(?:\.[A-Za-z0-9\u00c0-\u024f-]+)*\.[A-Za-z]{2,24}(?![A-Za-z0-9])/;

function emails(text: string): readonly Span[] {
  const spans: Span[] = [];
  let at = text.indexOf("@");
  let from = 0;
  while (at !== -1) {
    let start = at;
    const earliest = Math.max(from, at - longestLocal);
    while (start > earliest && isLocalCharacter[text.charCodeAt(start - 1)] === 1) start -= 1;
    while (start < at && (text[start] === "'" || text[start] === ".")) start += 1;
    if (start < at) {
      const length = domain.exec(domainWindow(text, at + 1))?.[0].length;
      if (length !== undefined) {
        from = at + 1 + length;
        spans.push({ start, end: from });
      }
    }
    at = text.indexOf("@", Math.max(from, at + 1));
  }
  return spans;
}

function domainWindow(text: string, from: number): string {
  let end = from;
  const latest = Math.min(text.length, from + longestDomain);
  while (end < latest && isDomainCharacter[text.charCodeAt(end)] === 1) end += 1;
  return text.slice(from, end);
}

// Seen ahead, not taken: a candidate that fails must not hide the one that begins inside it.
const ibanCandidate = /(?<![A-Za-z0-9])(?=(?<candidate>[A-Za-z]{2}\d{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,29}))/g;
// Not the decimals of a number such as 0.4111111111111111.
const cardCandidate = /(?<!\d|\d\.)(?=(?<candidate>[2-6](?:[ \u00a0-]?\d){12,18}))/g;

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

const isIpv6Character = characterTable(/[0-9A-Fa-f:.]/);
const shortestIpv6 = 6;
const longestIpv6 = 45;

function ipv6Addresses(text: string): readonly Span[] {
  const spans: Span[] = [];
  let colon = text.indexOf(":");
  let from = 0;
  while (colon !== -1) {
    let start = colon;
    while (start > from && colon - start <= longestIpv6 && isIpv6Character[text.charCodeAt(start - 1)] === 1)
      start -= 1;
    let end = colon + 1;
    while (end - start <= longestIpv6 && isIpv6Character[text.charCodeAt(end)] === 1) end += 1;
    from = end;
    // No IPv6 address has fewer characters that tell it from a time, a key or a colon in prose.
    if (end - start >= shortestIpv6 && !isWordPart(text, start - 1) && !isWordPart(text, end)) {
      // The full stop or colon of the sentence.
      if (/[^:.][:.]$/.test(text.slice(start, end))) end -= 1;
      if (isIpv6(text.slice(start, end))) spans.push({ start, end });
    }
    colon = text.indexOf(":", from);
  }
  return spans;
}

function isWordPart(text: string, at: number): boolean {
  return /[\w:]/.test(text.charAt(at));
}

/** Membership by UTF-16 code, for loops over characters; what lies beyond the table is in no class. */
function characterTable(characters: RegExp): Uint8Array {
  return new Uint8Array(0x250).map((_, code) => (characters.test(String.fromCharCode(code)) ? 1 : 0));
}
