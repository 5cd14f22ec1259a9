import { isUtf8 } from "node:buffer";

/** A header's value as its sender wrote it: node reads the bytes as Latin-1, and the same id in a body is UTF-8. */
export function headerText(value: string | undefined): string | undefined {
  if (value === undefined || /^[\x20-\x7e]*$/.test(value)) return value;
  const bytes = Buffer.from(value, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : value;
}
