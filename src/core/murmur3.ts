/** MurmurHash3_x86_32 (Appleby) of the bytes, or of the text's UTF-8 bytes, as an unsigned integer. */
export function murmur3(input: string | Uint8Array, seed: number): number {
  const bytes = typeof input === "string" ? Buffer.from(input, "utf8") : Buffer.from(input);
  const tailStart = bytes.length - (bytes.length % 4);
  let state = seed | 0;
  for (let at = 0; at < tailStart; at += 4) {
    state = Math.imul(rotateLeft(state ^ mixBlock(bytes.readInt32LE(at)), 13), 5) + 0xe6546b64;
  }
  if (tailStart < bytes.length) {
    state ^= mixBlock(bytes.readUIntLE(tailStart, bytes.length - tailStart));
  }
  return avalanche(state ^ bytes.length);
}

function mixBlock(block: number): number {
  return Math.imul(rotateLeft(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function avalanche(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
