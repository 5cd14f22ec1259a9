import { isUtf8 } from "node:buffer";
import type { Member } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import { afterValue, createJsonCursor, type JsonCursor, skipSpace, skipString } from "./json-grammar.ts";

/** Deepest nesting of a body; the object itself is 1. */
export const maxDepth = 64;
/** Keys of a body, at all depths together. */
export const maxKeys = 10_000;

/**
 * Finds the members of a JSON object in its bytes without making values of them. What it accepts is valid JSON by the
 * whole grammar (RFC 8259), so bytes that it let through may be forwarded; it is stricter than `JSON.parse` about
 * depth, the number of keys and a key given twice.
 */
export function scanBody(bytes: Buffer): { readonly members: ReadonlyMap<string, Member> } {
  return scan(bytes, { maxDepth, maxKeys });
}

/** The same of a body that we have written ourselves around what was let through, or that is only passed on: it may have more keys. */
export function scanOwnBody(bytes: Buffer): { readonly members: ReadonlyMap<string, Member> } {
  return scan(bytes, { maxDepth: 2 * maxDepth, maxKeys: Number.POSITIVE_INFINITY });
}

function scan(bytes: Buffer, limits: { readonly maxDepth: number; readonly maxKeys: number }) {
  if (!isUtf8(bytes)) throw new Failure("invalid_encoding", "The body is not valid UTF-8. Send it as UTF-8.");
  const cursor = createJsonCursor(bytes, limits);
  const start = skipSpace(bytes, 0);
  if (start === bytes.length) throw new Failure("invalid_json", "The body is empty. Send a JSON object.");
  if (bytes[start] !== openBrace) throw notAnObject(cursor, start);
  const members = new Map<string, Member>();
  const end = scanMembers(cursor, start, members);
  if (skipSpace(bytes, end) !== bytes.length) throw trailing(end);
  return { members };
}

/** The value of one member of a body that was scanned. */
export function parseMember(bytes: Buffer, { start, end }: Member): unknown {
  const first = bytes[start];
  if (first === letterT) return true;
  if (first === letterF) return false;
  if (first === letterN) return null;
  if (first === quote && end - start <= maxShort && isPlain(bytes, start + 1, end - 1))
    return bytes.toString("latin1", start + 1, end - 1);
  return JSON.parse(bytes.toString("utf8", start, end));
}

/** Puts bytes into a member's value, which otherwise stays as it is. */
export interface Insertion {
  /** Offset in the body, within the member's value. */
  readonly at: number;
  readonly insert: Buffer;
}

/** A member's new value, its removal, or something put into it. */
export type Edit = Buffer | Insertion | undefined;

/**
 * The body with some members edited, removed (`undefined`) or, where the body has none of that name, added at its
 * end. Bytes that no edit names stay as they are; with nothing to change it is the same Buffer. New values must be
 * valid JSON.
 */
export function spliceBody(
  bytes: Buffer,
  members: ReadonlyMap<string, Member>,
  edits: ReadonlyMap<string, Edit>,
): Buffer {
  const cuts = cutsOf({ bytes, members, edits });
  if (cuts.length === 0) return bytes;
  let length = bytes.length;
  for (const cut of cuts) length += cut.insert.length - (cut.end - cut.start);
  const spliced = Buffer.allocUnsafe(length);
  let read = 0;
  let written = 0;
  for (const cut of cuts) {
    written += bytes.copy(spliced, written, read, cut.start);
    written += cut.insert.copy(spliced, written);
    read = cut.end;
  }
  bytes.copy(spliced, written, read);
  return spliced;
}

const quote = 0x22;
const letterF = 0x66;
const letterN = 0x6e;
const letterT = 0x74;
/** Characters up to which a look at each is cheaper than the parser. */
const maxShort = 256;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const nothing = Buffer.alloc(0);

/** Reads the object that opens at `start` into `members` and gives the byte after it. */
function scanMembers(cursor: JsonCursor, start: number, members: Map<string, Member>): number {
  const { bytes } = cursor;
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === closeBrace) return at + 1;
  for (;;) {
    const keyStart = at;
    if (bytes[keyStart] !== quote) throw cursor.invalid(keyStart);
    const keyEnd = skipString(cursor, keyStart + 1);
    cursor.countKey();
    const name = keyText(bytes, keyStart, keyEnd);
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== colon) throw cursor.invalid(at);
    const valueStart = skipSpace(bytes, at + 1);
    const valueEnd = afterValue(cursor, valueStart, 1);
    // Parsers differ on which of two wins: we would judge one value and the upstream would obey the other.
    if (members.has(name)) throw givenTwice(name);
    members.set(name, { keyStart, start: valueStart, end: valueEnd });
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === closeBrace) return at + 1;
    if (bytes[at] !== comma) throw cursor.invalid(at);
    at = skipSpace(bytes, at + 1);
  }
}

function keyText(bytes: Buffer, keyStart: number, keyEnd: number): string {
  // The same text, at half the price of the UTF-8 decoder.
  if (isPlain(bytes, keyStart + 1, keyEnd - 1)) return bytes.toString("latin1", keyStart + 1, keyEnd - 1);
  return String(JSON.parse(bytes.toString("utf8", keyStart, keyEnd)));
}

/** ASCII without escapes: the text of a JSON string is then its bytes. */
function isPlain(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === backslash || byte >= 0x80) return false;
  }
  return true;
}

interface Splice {
  readonly bytes: Buffer;
  readonly members: ReadonlyMap<string, Member>;
  readonly edits: ReadonlyMap<string, Edit>;
}

interface Cut {
  readonly start: number;
  readonly end: number;
  readonly insert: Buffer;
}

/** What to take out and put in, in the order of the bytes, without overlap. */
function cutsOf(splice: Splice): readonly Cut[] {
  const { bytes, members, edits } = splice;
  const cuts: Cut[] = [];
  if (edits.size === 0) return cuts;
  let hasKept = false;
  let previousEnd = -1;
  // Members taken out at the front go together with the commas behind them, later ones with those before.
  let pendingFrom = -1;
  for (const [name, member] of members) {
    const isRemoved = edits.has(name) && edits.get(name) === undefined;
    if (isRemoved && hasKept) cuts.push({ start: previousEnd, end: member.end, insert: nothing });
    else if (isRemoved && pendingFrom === -1) pendingFrom = member.keyStart;
    if (!isRemoved) {
      if (pendingFrom !== -1) cuts.push({ start: pendingFrom, end: member.keyStart, insert: nothing });
      pendingFrom = -1;
      hasKept = true;
      const cut = cutOf(bytes, member, edits.get(name));
      if (cut !== undefined) cuts.push(cut);
    }
    previousEnd = member.end;
  }
  if (pendingFrom !== -1) cuts.push({ start: pendingFrom, end: previousEnd, insert: nothing });
  const insert = additions(splice, hasKept);
  const end = previousEnd === -1 ? bytes.indexOf(openBrace) + 1 : previousEnd;
  if (insert.length > 0) cuts.push({ start: end, end, insert });
  return cuts;
}

function cutOf(bytes: Buffer, member: Member, edit: Edit): Cut | undefined {
  if (edit === undefined) return undefined;
  if ("insert" in edit) return { start: edit.at, end: edit.at, insert: edit.insert };
  return isSame(bytes, member, edit) ? undefined : { start: member.start, end: member.end, insert: edit };
}

function isSame(bytes: Buffer, member: Member, value: Buffer): boolean {
  if (value.length !== member.end - member.start) return false;
  return bytes.compare(value, 0, value.length, member.start, member.end) === 0;
}

function additions({ members, edits }: Splice, hasKept: boolean): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of edits) {
    if (value === undefined || "insert" in value || members.has(name)) continue;
    const isFirst = !hasKept && parts.length === 0;
    parts.push(isFirst ? keyBytes(name).subarray(1) : keyBytes(name), value);
  }
  return parts.length === 0 ? nothing : Buffer.concat(parts);
}

/** `,"name":`. Names are ours or the configuration's, so there are few. */
function keyBytes(name: string): Buffer {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.from(`,${JSON.stringify(name)}:`);
  if (keys.size < maxKnownKeys) keys.set(name, bytes);
  return bytes;
}

const keys = new Map<string, Buffer>();
const maxKnownKeys = 1000;

function notAnObject(cursor: JsonCursor, start: number): Failure {
  const { bytes } = cursor;
  if (bytes[0] === 0xef) {
    return new Failure("invalid_json", "The body starts with a byte order mark. Send UTF-8 without it.");
  }
  const end = afterValue(cursor, start, 0);
  if (skipSpace(bytes, end) !== bytes.length) return trailing(end);
  return new Failure("invalid_type", "The body is not a JSON object. Send an object, in braces: {…}.");
}

function trailing(at: number): Failure {
  return new Failure(
    "invalid_json",
    `The JSON value ends at byte ${at}, but the body goes on. Send one value.`,
  );
}

function givenTwice(name: string): Failure {
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return new Failure("invalid_json", `The body has the key ${JSON.stringify(shown)} twice. Send it once.`, {
    param: shown,
  });
}
