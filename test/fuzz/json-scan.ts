import assert from "node:assert/strict";
import { parseChatBody } from "../../src/core/chat-body.ts";
import { type Edit, parseMember, scanBody, spliceBody } from "../../src/core/json-scan.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { FuzzTarget } from "./target.ts";

/** The scanner against `JSON.parse`: what it lets through is valid and means the same; what it calls invalid is. */
export function createJsonScanTarget(): FuzzTarget {
  return {
    words: [
      '"model":',
      '"messages":[',
      "{",
      "}",
      "[",
      "]",
      ",",
      '"',
      "\\u0000",
      "\\ud800",
      "1e5",
      "-0",
      "true",
      "null",
    ],
    check(input) {
      const label = scanned(input);
      return `${label} ${failureCode(() => parseChatBody(input))}`;
    },
  };
}

function scanned(input: Buffer): string {
  const value = parsed(input);
  try {
    const { members } = scanBody(input);
    assert.ok(isObject(value), "only objects of valid JSON are let through");
    assert.deepEqual([...members.keys()].toSorted(), Object.keys(value).toSorted());
    for (const [name, member] of members) assert.deepEqual(parseMember(input, member), value[name]);
    checkSplice(input, { members, value });
    return `members ${members.size}`;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const { code, details } = thrown;
    if (code === "invalid_json")
      assert.ok(value === undefined || details.param !== undefined, thrown.message);
    if (code === "invalid_type") assert.ok(!isObject(value));
    return code;
  }
}

/** Every way to edit one member, and one that is not there: all others keep their value. */
function checkSplice(
  input: Buffer,
  { members, value }: { members: ReturnType<typeof scanBody>["members"]; value: Record<string, unknown> },
): void {
  for (const name of [...members.keys()].slice(0, 8)) {
    const { [name]: _, ...others } = value;
    const edited = (...edits: [string, Edit][]): unknown =>
      parsed(spliceBody(input, members, new Map(edits)));
    assert.deepEqual(edited([name, undefined]), others);
    assert.deepEqual(edited([name, Buffer.from('"x"')]), { ...value, [name]: "x" });
    if (members.has("zz")) continue;
    assert.deepEqual(edited([name, undefined], ["zz", Buffer.from("[1]")]), { ...others, zz: [1] });
  }
}

function failureCode(step: () => unknown): string {
  try {
    step();
    return "ok";
  } catch (thrown) {
    if (thrown instanceof Failure) return `${thrown.code} ${thrown.details.param?.slice(0, 20)}`;
    throw thrown;
  }
}

/** Undefined for what is no JSON: no text of JSON means undefined. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
