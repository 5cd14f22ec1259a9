import { normalText } from "./normal-text.ts";

/** What a text says to a model that reads through a disguise: each way of reading it that changes something, normal text. */
export function disguisedViews(text: string, normal: string): readonly string[] {
  return [
    tagged(text),
    ...decoded(text),
    unescaped(text),
    hasOneOf(normal, rotated) ? normal.replace(/[a-z]/g, rot13) : undefined,
    hasOneOf(normal, reversed) ? [...normal].reverse().join("") : undefined,
    leet(normal),
    spaced(normal),
  ].filter((view) => view !== undefined && view !== normal && view !== "") as readonly string[];
}

/** A word of orders in each spelling: looked for first, for it costs little. */
const tellingWords = ["instruction", "prompt", "ignore", "disregard", "rules"];
const rotated = tellingWords.map((word) => word.replace(/[a-z]/g, rot13));
const reversed = tellingWords.map((word) => [...word].reverse().join(""));

function hasOneOf(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.includes(word));
}

function rot13(letter: string): string {
  return String.fromCharCode(((letter.charCodeAt(0) - 97 + 13) % 26) + 97);
}

/** Tag characters (U+E0020 to U+E007E) spell ASCII that nobody sees. */
function tagged(text: string): string | undefined {
  if (!text.includes("\udb40")) return undefined;
  const tags = text.match(/[\u{e0020}-\u{e007e}]/gu) ?? [];
  return normalText(tags.map((tag) => String.fromCodePoint((tag.codePointAt(0) ?? 0) - 0xe0000)).join(""));
}

const base64 = /[A-Za-z0-9+/_-]{20,4000}={0,2}/g;
const hex = /(?:[0-9A-Fa-f]{2}[ :]?){16,2000}/g;
/** Runs that are read: a text of nothing else is no disguise. */
const mostRuns = 8;

/** Runs of base64 and hexadecimal digits, where they are text. */
function decoded(text: string): readonly string[] {
  const runs = (pattern: RegExp, encoding: "base64" | "hex"): readonly string[] =>
    (text.match(pattern) ?? [])
      .slice(0, mostRuns)
      .map((run) => Buffer.from(run.replaceAll(/[ :]/g, ""), encoding).toString("utf8"))
      .filter(isReadable)
      .map(normalText);
  return [...runs(base64, "base64"), ...runs(hex, "hex")];
}

function isReadable(text: string): boolean {
  const strange = text.match(/[^\p{L}\p{N}\p{P}\p{Zs}\p{M}\t\n\r=+<>|$^`~]/gu)?.length ?? 0;
  return text.length >= 8 && strange <= text.length / 50;
}

const escapes =
  /\\x(?<x>[0-9a-f]{2})|\\u(?<u>[0-9a-f]{4})|&#x(?<e>[0-9a-f]{2,5});|&#(?<d>\d{2,6});|%(?<p>[0-7][0-9a-f])/gi;
const fewestEscapes = 4;

function unescaped(text: string): string | undefined {
  if ((text.match(escapes)?.length ?? 0) < fewestEscapes) return undefined;
  const read = text.replace(escapes, (...found) => {
    // The groups by name are a replacer's last argument.
    const { x, u, e, d, p } = found.at(-1) as Readonly<Record<string, string | undefined>>;
    const code = d === undefined ? Number.parseInt(x ?? u ?? e ?? p ?? "20", 16) : Number(d);
    return code <= 0x10ffff ? String.fromCodePoint(code) : " ";
  });
  return normalText(read);
}

const leetWords =
  /[a-z]{1,20}(?:[0134578@$]|[!|+](?=[a-z]))[a-z0134578@$]{0,20}|[0134578@$]{1,3}[a-z][a-z0134578@$]{1,20}/g;
const leetLetters: Readonly<Record<string, string>> = {
  ...{ "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b" },
  ...{ "@": "a", $: "s", "!": "i", "|": "l", "+": "t" },
};

function leet(normal: string): string | undefined {
  const plain = normal.replace(leetWords, (word) =>
    word.replace(/[^a-z]/g, (sign) => leetLetters[sign] ?? sign),
  );
  return plain === normal ? undefined : plain;
}

/** `i g n o r e  a l l`: single letters with one sign between them make a word; more than one parts words. */
const spacedLetters = /(?<![a-z0-9])[a-z](?:[ ._*/-][a-z]){3,40}(?![a-z0-9])/g;

function spaced(normal: string): string | undefined {
  const joined = normal.replace(spacedLetters, (letters) => letters.replaceAll(/[^a-z]/g, ""));
  return joined === normal ? undefined : joined.replaceAll(/[ \t]{2,}/g, " ");
}
