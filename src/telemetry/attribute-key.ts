/** The names of semconv.ts as keys of attributes: `key.outcome` stands for `assay.outcome`. */
import { attribute } from "./semconv.ts";

/** The name of an attribute, and its bytes: encoded once, not with every span. */
export interface AttributeKey {
  readonly name: string;
  /** OTLP's KeyValue without its value: field 1 with the name, and the tag of field 2. */
  readonly head: Uint8Array;
}

export function attributeKey(name: string): AttributeKey {
  const bytes = Buffer.from(name);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return { name, head: Uint8Array.from([0x0a, ...length, rest, ...bytes, 0x12]) };
}

export const key = Object.fromEntries(
  Object.entries(attribute).map(([word, name]) => [word, attributeKey(name)]),
  // The entries are those of `attribute`.
) as Readonly<Record<keyof typeof attribute, AttributeKey>>;
