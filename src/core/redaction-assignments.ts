import {
  characterTable,
  endOfMatch,
  entropyOf,
  type Finding,
  type RedactionRule,
} from "./redaction-matcher.ts";

/**
 * What somebody says is a secret: `password = …`, `"api_key": "…"`. A password may be any word; the rest must look like
 * chance, so that the id of a request, a UUID and the hash of a commit stay readable.
 */
export const assignedSecrets: RedactionRule = {
  names: ["password", "secret"],
  find: (text) => findAssigned(text),
};

/** Which kind of secret the name of a field promises, if any. */
export function secretKindOf(name: string): "password" | "secret" | undefined {
  const snake = name
    .slice(-longestName)
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "_")
    .toLowerCase();
  if (passwordName.test(snake)) return "password";
  return secretName.test(snake) && !harmlessName.test(snake) ? "secret" : undefined;
}

/** What is read before the value of a field: its name, where that may tell what the value is. */
export function beforeValue(name: string, value: string): string {
  const isTold = value.length <= longestWithName || secretKindOf(name) === "secret";
  return isTold ? `${name.slice(-longestNameRead)}: ` : "";
}

/** It stands for a value that is elsewhere, or for none, or has been redacted. */
export function isPlaceholder(value: string): boolean {
  return placeholder.test(value);
}

/** It looks like chance: no UUID, no phrase, no name of something in a program. */
export function isRandom(value: string): boolean {
  const text = value.replace(/=+$/, "");
  if (text.length < shortestSecret || uuid.test(text) || !/[A-Za-z0-9]{12}/.test(text)) return false;
  const entropy = entropyOf(text);
  const digitRuns = text.match(/\d+/g)?.length ?? 0;
  if (digitRuns >= 2 && /[A-Za-z]/.test(text) && entropy >= 3 && changesOf(text) >= text.length / 5)
    return true;
  // Words with capitals inside stay below.
  return text.length >= 32 && entropy >= 4.3 && /[a-z]/.test(text) && /[A-Z]/.test(text);
}

const longestName = 48;
/** A number that needs its name to be told is no longer; a secret may be. */
const longestWithName = 256;
const longestNameRead = 64;
const shortestSecret = 20;
const passwordName =
  /(?:password|passwd|passwort|kennwort|passphrase|passcode|pwd|contraseña|contrasena|motdepasse|(?:^|[_.-])(?:pass|passe|mdp))\d?$/;
const secretName =
  /(?:secret|token|credentials?|authorization|(?:^|[_.-])(?:auth|sig|signature|key)|(?:api|access|account|private|signing|encryption|master|license|service)[_.-]?key)\d?$/;
const harmlessName =
  /(?:public|primary|foreign|partition|sort|cache|idempotency|row|object|group|index|storage|dedup|dedupe|routing|message|lookup)[_.-]?key$|(?:next|page|prev|previous|continuation|sync|next_page)[_.-]?token$/;
const placeholder =
  /^(?:null|nil|none|true|false|undefined|string|str|text|password|passwort|secret|required|optional|hidden|masked|redacted)$|^[[<{$%(]|^[*x.•…_-]+$|^(?:process\.env|os\.environ|env|import\.meta|self|this|config|settings|args|req|request)[.[(]/i;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

const isNamePart = characterTable(/[\w.\u00c0-\u024f-]/);
const isDigit = characterTable(/\d/);
const isBetween = characterTable(/["'`\\\])]/);

function findAssigned(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if ((code !== equals && code !== colon) || at < from) continue;
    const kind = kindBefore(text, at);
    const finding = kind === undefined ? undefined : valueAfter(text, at, kind);
    if (finding === undefined) continue;
    findings.push(finding);
    from = finding.end;
  }
  return findings;
}

const equals = 0x3d;
const colon = 0x3a;
const space = 0x20;

/** The name ends before the sign, behind a quote or a space. */
function kindBefore(text: string, at: number): "password" | "secret" | undefined {
  let end = at;
  while (end > 0 && at - end < 4 && isGap(text.charCodeAt(end - 1))) end -= 1;
  const last = isDigit[text.charCodeAt(end - 1)] === 1 ? end - 1 : end;
  if (!nameEnds.has(text.slice(last - 2, last))) return undefined;
  let start = end;
  while (start > 0 && end - start < longestName && isNamePart[text.charCodeAt(start - 1)] === 1) start -= 1;
  // The name of what has been redacted, with its pseudonym.
  if (text.charAt(start - 1) === "[" && pseudonym.test(text.slice(at, at + 10))) return undefined;
  // What has been redacted is a value, and names nothing: `password=[password]`.
  if (text.charAt(start - 1) === "[" && text.charAt(end) === "]" && isAssigned(text, start - 1))
    return undefined;
  return secretKindOf(text.slice(start, end));
}

/** Whether a sign stands before it, with quotes and spaces between them at most. */
function isAssigned(text: string, at: number): boolean {
  let end = at;
  while (end > 0 && at - end < 4 && isGap(text.charCodeAt(end - 1))) end -= 1;
  const sign = text.charCodeAt(end - 1);
  return sign === equals || sign === colon;
}

const pseudonym = /^:[0-9a-f]{8}\]$/;

function isGap(code: number): boolean {
  return code === space || isBetween[code] === 1;
}

/** The last two letters of all such names: most names are told from them by these. */
const nameEnds = new Set(
  "rd wd rt se de ss dp ña na et en al ls on th ig re ey".split(" ").flatMap((pair) => {
    const [first = "", second = ""] = pair;
    return [pair, pair.toUpperCase(), first + second.toUpperCase(), first.toUpperCase() + second];
  }),
);

const opening = /[=>]?[ \t]{0,4}(?<quote>\\{0,3}["'`])?(?:(?:Bearer|Basic|Token|token|Key)[ \t]+)?/y;
const longestToken = 512;
const longestBare = 128;
const bareToken = /[\w+/.~%-]{20,512}={0,3}/y;
const barePassword = /[^\s"'`,;&<>(){}[\]\\|]{4,128}/y;
const longestPassword = 256;
// What is longer is told by its beginning, and goes whole.
const restOfToken = /[\w+/.~%-]*={0,3}/y;
const restOfPassword = /[^\s"'`,;&<>(){}[\]\\|]*/y;

function valueAfter(text: string, at: number, rule: "password" | "secret"): Finding | undefined {
  opening.lastIndex = at + 1;
  const quote = opening.exec(text)?.groups?.quote;
  const start = opening.lastIndex;
  if (rule === "secret") {
    const end = endOfMatch(bareToken, text, start);
    if (end === undefined || !isRandom(text.slice(start, end))) return undefined;
    return { start, end: end - start < longestToken ? end : wholeEnd(text, end, restOfToken), rule };
  }
  const end = quote === undefined ? endOfBare(text, at, start) : endOfQuoted(text, start, quote);
  if (end === undefined || isPlaceholder(text.slice(start, end))) return undefined;
  const longest = quote === undefined ? longestBare : longestPassword;
  return { start, end: end - start < longest ? end : wholeEnd(text, end, restOfPassword), rule };
}

function wholeEnd(text: string, end: number, rest: RegExp): number {
  return endOfMatch(rest, text, end) ?? end;
}

function endOfQuoted(text: string, start: number, quote: string): number | undefined {
  const window = text.slice(start, start + longestPassword);
  const length = window.indexOf(quote);
  const value = length === -1 ? window : window.slice(0, length);
  const line = value.search(/[\r\n]/);
  const end = start + (line === -1 ? value.length : line);
  return end > start ? end : undefined;
}

/** Behind a colon a plain word may be prose: "Password: must have eight characters". */
function endOfBare(text: string, at: number, start: number): number | undefined {
  let end = endOfMatch(barePassword, text, start);
  if (end === undefined || text.charAt(end) === "(") return undefined;
  while (end > start && /[.:]/.test(text.charAt(end - 1)) && /^(?:\s|$)/.test(text.charAt(end))) end -= 1;
  const value = text.slice(start, end);
  const isWord = /^[A-Za-z\u00c0-\u024f.-]+$/.test(value);
  const isProse = text.charCodeAt(at) === colon || text.charCodeAt(at + 1) === space;
  return isWord && (isProse || value.length < 4) ? undefined : end;
}

/** How often a letter follows a digit, a capital a small letter, and the other way round. */
function changesOf(text: string): number {
  let changes = 0;
  let last = "";
  for (const character of text) {
    const kind = /\d/.test(character) ? "0" : /[A-Z]/.test(character) ? "A" : "a";
    if (last !== "" && kind !== last) changes += 1;
    last = kind;
  }
  return changes;
}
