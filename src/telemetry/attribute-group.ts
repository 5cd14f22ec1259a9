import type { AttributeSink } from "./span-sink.ts";

/** Attributes that come together again and again. */
export interface AttributeGroup {
  readonly tell: (to: AttributeSink) => void;
  /** What a sink has made of them. */
  made: MadeGroup | undefined;
}

export interface MadeGroup {
  readonly by: AttributeSink;
  readonly bytes: Uint8Array;
  readonly attributes: number;
}

/** Model names may be a client's own words. */
const maxGroups = 500;
/** Under one first part, where they are looked through: an upstream may name another model with every answer. */
const maxCandidates = 32;

/**
 * Finds the group of the same parts again. The parts are all that `tell` is given, so that nothing can stand in a group
 * that is not looked at here. Four fifths of a request's attributes are in one, which saves 2 to 3 µs of a trace's 28.
 */
export class GroupMemo<Parts extends readonly unknown[]> {
  readonly #tell: (to: AttributeSink, parts: Parts) => void;
  /** By the first part, which ought to be the one that tells the most apart. */
  readonly #groups = new Map<unknown, { readonly parts: Parts; readonly group: AttributeGroup }[]>();
  #size = 0;

  constructor(tell: (to: AttributeSink, parts: Parts) => void) {
    this.#tell = tell;
  }

  of(parts: Parts): AttributeGroup {
    for (const { parts: known, group } of this.#groups.get(parts[0]) ?? []) {
      if (isSame(known, parts)) return group;
    }
    return this.#added(parts);
  }

  #added(parts: Parts): AttributeGroup {
    if (this.#size >= maxGroups) {
      this.#groups.clear();
      this.#size = 0;
    }
    const group: AttributeGroup = { tell: (to) => this.#tell(to, parts), made: undefined };
    const candidates = this.#groups.get(parts[0]);
    if (candidates === undefined) this.#groups.set(parts[0], [{ parts, group }]);
    else candidates.push({ parts, group });
    if (candidates !== undefined && candidates.length > maxCandidates) candidates.shift();
    else this.#size += 1;
    return group;
  }
}

function isSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
