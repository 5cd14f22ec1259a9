/** A worker's shares of the limits, and what it needs of them. */
import { evenPlace, type Place, shareOfLimit, type Use } from "./share-of-limit.ts";

export interface Shares {
  /** What it may take of this limit, now that it wants so much of it. */
  of(limit: number, name: string, wanted: number): number;
  move(place: Place): void;
  /** The most that was wanted since the asking before the last one, or is held now: what is in use at one moment says little of what is needed. */
  use(held: Use): Use;
}

export function createShares(): Shares {
  let place = evenPlace(0, 1);
  let before: Use = {};
  let wantedMost: Record<string, number> = {};
  // Asked twice for each request.
  const known = new Map<string, { readonly limit: number; readonly share: number }>();
  return {
    of(limit, name, wanted) {
      if (wanted > (wantedMost[name] ?? 0)) wantedMost[name] = wanted;
      const last = known.get(name);
      if (last?.limit === limit) return last.share;
      const share = shareOfLimit(limit, name, place);
      known.set(name, { limit, share });
      return share;
    },
    move(next) {
      place = next;
      known.clear();
    },
    use(held) {
      const all = most(most(before, wantedMost), held);
      before = wantedMost;
      wantedMost = {};
      return all;
    },
  };
}

function most(one: Use, other: Use): Use {
  const names = Object.keys({ ...one, ...other });
  return Object.fromEntries(names.map((name) => [name, Math.max(one[name] ?? 0, other[name] ?? 0)]));
}
