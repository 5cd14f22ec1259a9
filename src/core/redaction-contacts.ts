import { isIpv6 } from "./redaction-checks.ts";
import {
  characterTable,
  compact,
  lowerCase,
  matches,
  named,
  type RedactionRule,
} from "./redaction-matcher.ts";
import type { Span } from "./text-span.ts";

/** Where a person or a machine can be reached: by form alone. */
export const contacts: readonly RedactionRule[] = [
  named("email", (text) => emails(text), lowerCase),
  named(
    "phone",
    matches({ hints: ["+"], pattern: /(?<![\w+])\+[1-9](?:[ .()/\u00a0-]{0,2}\d){7,14}(?![\d])/g }),
    compact,
  ),
  named(
    "phone",
    matches({
      pattern: /(?<![\w.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. ])\d{3}[-. ]\d{4}(?![\w-]|\.\d)/g,
    }),
    compact,
  ),
  // Before IPv6, whose candidates are of the same characters.
  named(
    "mac_address",
    matches({
      hints: [":", "-"],
      pattern:
        /(?<![\w:-])[0-9A-Fa-f]{2}(?<by>[:-])(?:[0-9A-Fa-f]{2}\k<by>){4}[0-9A-Fa-f]{2}(?!\w|[:-][0-9A-Fa-f])/g,
    }),
    compact,
  ),
  named(
    "mac_address",
    matches({
      hints: ["."],
      pattern: /(?<![\w.])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?!\w|\.\w)/g,
      // Three groups of figures are a number of some kind.
      accepts: (mac) => /[A-Fa-f]/.test(mac) && /\d/.test(mac),
    }),
    compact,
  ),
  named(
    "ip_address",
    matches({
      hints: ["."],
      // Every machine is 127.0.0.1 to itself.
      pattern:
        /(?<![\w.])(?!127\.)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)/g,
    }),
  ),
  named("ip_address", (text) => ipv6Addresses(text), lowerCase),
];

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
