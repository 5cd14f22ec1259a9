/** What a span or an event may be told: the attributes of both properties. */
import fc from "fast-check";
import type { Redacted } from "../../../src/core/redaction.ts";
import { type AttributeGroup, GroupMemo } from "../../../src/telemetry/attribute-group.ts";
import { attributeKey } from "../../../src/telemetry/attribute-key.ts";
import type { AttributeSink } from "../../../src/telemetry/span-sink.ts";

type Value = string | number | boolean | readonly string[];

export interface Told {
  readonly attributes: readonly (readonly [string, Value])[];
  readonly group: AttributeGroup;
}

export function tellAll(sink: AttributeSink, { attributes, group }: Told): void {
  for (const [name, value] of attributes) tellOne(sink, name, value);
  sink.group(group);
}

function tellOne(sink: AttributeSink, name: string, value: Value): void {
  const key = attributeKey(name);
  if (typeof value === "number") sink.number(key, value);
  else if (typeof value === "boolean") sink.flag(key, value);
  else if (typeof value === "string") sink.text(key, value as Redacted);
  else sink.texts(key, value as readonly Redacted[]);
}

export const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
/** Short ones, long ones, all planes of Unicode, and halves of pairs. */
export const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(0x20, 0x7f, 0x80, 0xd800, 0x1f600).map((code) => String.fromCodePoint(code)),
  fc
    .tuple(
      fc.constantFrom("a", "é", "✓"),
      fc.constantFrom(60, 80, 120, 125, 126, 127, 128, 129, 16_300, 16_384, 40_000),
    )
    .map(([character, times]) => character.repeat(times)),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -0,
    127,
    128,
    -1,
    2 ** 31,
    2 ** 32,
    -(2 ** 32),
    2 ** 53,
    2 ** 62,
    2 ** 63,
    -(2 ** 63),
    2 ** 64,
    1e300,
  ),
);
const value: fc.Arbitrary<Value> = fc.oneof(text, number, fc.boolean(), fc.array(text, { maxLength: 4 }));
const attributes = fc.uniqueArray(
  // An object of the SDK's knows no such attribute, and has numbers in an order of its own.
  fc.tuple(
    fc.string({ minLength: 1, maxLength: 200 }).map((name) => `k.${name}`),
    value,
  ),
  { selector: ([name]) => name, maxLength: 12 },
);
export const milliseconds = fc.double({ min: 0, max: 4e12, noNaN: true });
/** A few groups, which come again. */
const memo = new GroupMemo<readonly [Value]>((to, [one]) => tellOne(to, "group.one", one));
const group = fc.oneof(fc.constantFrom<Value>("x", 7, true), value).map((one) => memo.of([one]));
export const told = { attributes, group };
export const limits = fc.record({
  attributeCount: fc.integer({ min: 0, max: 14 }),
  valueLength: fc.constantFrom(1, 2, 7, Number.POSITIVE_INFINITY),
  linkCount: fc.integer({ min: 1, max: 3 }),
});
