/** Chance from a seed: the same corpus everywhere. */
export interface Chance {
  integer(below: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  /** So many characters of an alphabet. */
  text(alphabet: string, length: number): string;
}

/** mulberry32 (Tommy Ettinger, 2017). */
export function chanceFrom(seed: number): Chance {
  let state = seed;
  const integer = (below: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  return {
    integer,
    pick: (from) => from[integer(from.length)] ?? from[0],
    text: (alphabet, length) =>
      Array.from({ length }, () => alphabet.charAt(integer(alphabet.length))).join(""),
  };
}

export const digits = "0123456789";
export const hex = "0123456789abcdef";
export const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
export const base62 = `${capitals}${capitals.toLowerCase()}${digits}`;
export const base64Url = `${base62}-_`;
