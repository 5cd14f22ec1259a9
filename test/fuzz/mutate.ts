/** Uniform integers below a bound, the same for the same seed. */
export type Below = (bound: number) => number;

/** Mulberry32 (Ettinger 2017). */
export function seeded(seed: number): Below {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * bound);
  };
}

export interface Sources {
  /** Inputs to begin with, and to take pieces of. */
  readonly pool: readonly Buffer[];
  readonly words: readonly string[];
}

/** One of the pool with one to eight changes, at most 64 KiB long. */
export function mutated({ pool, words }: Sources, below: Below): Buffer {
  let bytes = pool[below(pool.length)] ?? nothing;
  for (let changes = 1 + below(8); changes > 0; changes--) {
    const from = below(bytes.length + 1);
    const to = Math.min(bytes.length, from + below(1 << below(8)));
    const piece = pieceOf({ pool, words, own: bytes.subarray(from, to) }, below);
    // Half of the changes put something in, the others put it in place of what was there.
    const rest = below(2) === 0 ? from : to;
    bytes = Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(rest)]).subarray(0, maxBytes);
  }
  return bytes;
}

const maxBytes = 64 * 1024;
const nothing = Buffer.alloc(0);
const edges = [
  "0",
  "-1",
  "1e999",
  "2147483648",
  "9007199254740993",
  "\0",
  "\r\n",
  "\ufeff",
  "\ud7ff",
  "😀",
  "\u2028",
];

function pieceOf({ pool, words, own }: Sources & { readonly own: Buffer }, below: Below): Buffer {
  switch (below(7)) {
    case 0:
      return nothing;
    case 1:
      return Buffer.from([below(256)]);
    case 2:
      return Buffer.from(own.map((byte) => (below(3) === 0 ? byte ^ (1 << below(8)) : byte)));
    case 3: {
      const other = pool[below(pool.length)] ?? nothing;
      const at = below(other.length + 1);
      return other.subarray(at, at + below(64));
    }
    case 4:
      return repeated(own, below);
    case 5:
      return Buffer.from(edges[below(edges.length)] ?? "");
    default:
      return repeated(Buffer.from(words[below(words.length)] ?? ""), below);
  }
}

function repeated(piece: Buffer, below: Below): Buffer {
  const times = below(8) === 0 ? 1 << below(10) : 1;
  return Buffer.concat(new Array<Buffer>(times).fill(piece)).subarray(0, maxBytes);
}
