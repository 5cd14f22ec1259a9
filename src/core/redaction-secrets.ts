import { Buffer } from "node:buffer";
import { isPlaceholder } from "./redaction-assignments.ts";
import { serviceKeys } from "./redaction-keys.ts";
import { endOfMatch, matches, named, type RedactionRule } from "./redaction-matcher.ts";
import type { Span } from "./text-span.ts";

/** What opens a door, by its own form: nobody need say that it is a secret. */
export const secrets: readonly RedactionRule[] = [
  named("private_key", privateKeys),
  // Its second part is an object, too, unless it is encrypted: that tells one whose end was cut off by a limit.
  named(
    "jwt",
    matches({ hints: ["eyJ"], pattern: /(?<![\w-])eyJ[\w-]{8,}(?:(?:\.[\w-]*){2,4}|\.eyJ[\w-]*)/g }),
  ),
  named("api_key", serviceKeys),
  named("api_key", (text) => keysWithin.flatMap((find) => find(text))),
  named("bearer_token", authorizations),
  named("password", urlPasswords),
];

// A key whose end is missing, cut off by a limit, is still a key; RSA of 8192 bits has 6,400 bytes, OpenPGP's more.
const longestPrivateKey = 16_384;
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

/** Keys that are told by something within them. */
const keysWithin = [
  // Telegram's bots: their number, and a token that begins with AA
  matches({ hints: [":AA"], pattern: /(?<!\d)\d{6,12}:AA[\w-]{32,36}(?![\w-])/g }),
  // Azure: client secrets of Entra, and keys that carry their own signature
  matches({ hints: ["Q~"], pattern: /(?<![\w.~-])[\w.~-]{3}\dQ~[\w.~-]{31,34}(?![\w~-])/g }),
  matches({
    hints: ["JQQJ99"],
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}(?![A-Za-z0-9])/g,
  }),
  // Webhooks: whoever has the address may write
  matches({
    hints: ["hooks.slack.com/"],
    pattern: /(?<=hooks\.slack\.com\/(?:services|workflows)\/)T[\w/]{39,100}/g,
  }),
  matches({ hints: ["/api/webhooks/"], pattern: /(?<=\/api\/webhooks\/)\d{16,20}\/[\w-]{60,80}/g }),
];

const scheme = /(?<![\w-])(?:(?<bearer>bearer)|basic)[ \t]{1,8}(?<token>[\w.~+/-]{8,}=*)/gi;

function authorizations(text: string): readonly Span[] {
  if (!["earer", "EARER", "asic ", "ASIC "].some((hint) => text.includes(hint))) return [];
  const spans: Span[] = [];
  for (const match of text.matchAll(scheme)) {
    const { bearer, token = "" } = match.groups ?? {};
    // "Bearer certificates" and "basic knowledge" are prose.
    const isToken = bearer === undefined ? isUserAndPassword(token) : /\d|[a-z][A-Z]/.test(token);
    if (!isToken) continue;
    const end = match.index + match[0].length;
    spans.push({ start: end - token.length, end });
  }
  return spans;
}

/** RFC 7617, section 2: base 64 of the two with a colon between them. */
function isUserAndPassword(token: string): boolean {
  return /^[\x20-\x7e\u0080-\u00ff]*:[\x20-\x7e\u0080-\u00ff]*$/.test(
    Buffer.from(token, "base64").toString("latin1"),
  );
}

/** RFC 3986, section 3.2.1. */
const authority = /[^\s/?#"'<>\\`]{3,}/y;

function urlPasswords(text: string): readonly Span[] {
  const spans: Span[] = [];
  let slashes = text.indexOf("://");
  while (slashes !== -1) {
    const start = slashes + 3;
    const end = endOfMatch(authority, text, start);
    const part = end === undefined ? "" : text.slice(start, end);
    const colon = part.indexOf(":");
    const at = part.lastIndexOf("@");
    const password = part.slice(colon + 1, at);
    if (colon !== -1 && at > colon + 1 && !isPlaceholder(password)) {
      spans.push({ start: start + colon + 1, end: start + at });
    }
    slashes = text.indexOf("://", Math.max(start, end ?? 0));
  }
  return spans;
}
