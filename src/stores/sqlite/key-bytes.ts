/** Ids and hashes as the file keeps them: half the bytes of their text, and UUIDv7s still in the order of time. */

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const sha256 = /^[0-9a-f]{64}$/;

/** 16 bytes of a UUID, 32 of a hash in hex; any other text as it is. */
export function keyBytes(text: string): Uint8Array {
  if (uuid.test(text)) return Buffer.from(text.replaceAll("-", ""), "hex");
  return Buffer.from(text, sha256.test(text) ? "hex" : "utf8");
}

/** The text that `keyBytes` was given, for ids. */
export function idText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  if (buffer.length !== 16) return buffer.toString("utf8");
  const hex = buffer.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
