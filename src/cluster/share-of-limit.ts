/** By the name of a limit: how much of it is in use. */
export type Use = Readonly<Record<string, number>>;

/** The place of one worker among those that serve. */
export interface Place {
  /** From 0. */
  readonly index: number;
  /** What each of them has in use, in their order. */
  readonly uses: readonly Use[];
}

/** The place of one of so many of which nothing is known yet. */
export function evenPlace(index: number, of: number): Place {
  return { index, uses: Array.from({ length: of }, () => ({})) };
}

/**
 * What a worker may take of a limit that holds for all of them together; at least 1. A quarter of an even share is its own, so that
 * whoever has nothing can begin. Of the rest it keeps what it has in use, and an even part of what nobody has: connections stay where they are, so
 * the load of a worker that has died stays with the others, and an even share would refuse them what its successor does not use.
 */
export function shareOfLimit(limit: number, name: string, { index, uses }: Place): number {
  const own = Math.max(1, Math.floor(limit / (4 * uses.length)));
  const rest = Math.max(0, limit - own * uses.length);
  const beyond = uses.map((use) => Math.max(0, (use[name] ?? 0) - own));
  const sum = beyond.reduce((total, one) => total + one, 0);
  const kept = beyond.map((one) => (sum > rest ? Math.floor((one * rest) / sum) : one));
  const free = rest - kept.reduce((total, one) => total + one, 0);
  return own + (kept[index] ?? 0) + evenPart(free, index, uses.length);
}

function evenPart(count: number, index: number, of: number): number {
  return Math.floor(count / of) + (index < count % of ? 1 : 0);
}
