/** Ids and hashes as the file keeps them: half the bytes of their text, and UUIDv7s still in the order of time. */

const sha256 = /^[0-9a-f]{64}$/;

/** 16 bytes of a UUID, 32 of a hash in hex; any other text as it is. */
export function keyBytes(text: string): Uint8Array {
  return uuidBytes(text) ?? Buffer.from(text, sha256.test(text) ? "hex" : "utf8");
}

const uuidLength = 36;
const dash = 45;
/** The value of each hex digit by its character code; -1 for what is none. */
const digits = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value++) digits[value.toString(16).charCodeAt(0)] = value;

/** Undefined where it is no UUID in lower case. By hand, since it is done for every record: 0.1 µs, a pattern and `Buffer.from` take 0.5. */
function uuidBytes(text: string): Uint8Array | undefined {
  if (text.length !== uuidLength) return undefined;
  const bytes = new Uint8Array(16);
  let at = 0;
  for (let index = 0; index < bytes.length; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) {
      if (text.charCodeAt(at++) !== dash) return undefined;
    }
    const high = digits[text.charCodeAt(at++)] ?? -1;
    const low = digits[text.charCodeAt(at++)] ?? -1;
    if (high < 0 || low < 0) return undefined;
    bytes[index] = high * 16 + low;
  }
  return bytes;
}

/** The text that `keyBytes` was given, for ids. */
export function idText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  if (buffer.length !== 16) return buffer.toString("utf8");
  const hex = buffer.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
