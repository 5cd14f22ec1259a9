import { hash } from "node:crypto";

/** SHA-256 of the parts, in base64: a key that does not keep the text. Parts must not hold NUL, but for the last. */
export function textDigest(...parts: readonly string[]): string {
  return hash("sha256", parts.join("\0"), "base64");
}
