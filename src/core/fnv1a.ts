const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/** FNV-1a of 32 bits over the text's UTF-8 bytes, as an unsigned integer (Fowler, Noll, Vo; RFC 9923 names the constants). */
export function fnv1a32(text: string): number {
  let state = offsetBasis;
  for (const byte of Buffer.from(text, "utf8")) state = Math.imul(state ^ byte, prime);
  return state >>> 0;
}
