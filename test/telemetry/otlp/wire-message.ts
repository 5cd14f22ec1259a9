import { decodeOtlp, type Export } from "../../support/otlp-proto.ts";

/**
 * The message as a plain object with all its defaults, attributes in the order of their keys; no status is the unset one.
 * Throws for other bytes.
 */
export function decoded(message: Export, bytes: Uint8Array): unknown {
  return sorted(decodeOtlp(message, bytes));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.every(isKeyValue) ? items.toSorted((a, b) => (a.key < b.key ? -1 : 1)) : items;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      name === "status" && item === null ? { message: "", code: 0 } : sorted(item),
    ]),
  );
}

function isKeyValue(item: unknown): item is { key: string } {
  return typeof item === "object" && item !== null && "key" in item;
}
