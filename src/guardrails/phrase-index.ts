/** Many phrases looked for at once, word by word. */
export interface PhraseIndex {
  /** Words of the longest phrase. */
  readonly longest: number;
  /**
   * Adds to `hits` how often the phrases of each group stand in the words and begin before `until`: time is the words times
   * the longest phrase.
   */
  count(words: readonly string[], hits: Map<string, number>, until: number): void;
}

interface Node {
  readonly next: Map<string, Node>;
  /** Last words written with a `*`: their beginnings, by length. */
  readonly beginnings: Map<number, Map<string, Set<string>>>;
  readonly groups: Set<string>;
}

/** A phrase as words; `isOpen`: its last word is the beginning of a word. */
export interface Phrase {
  readonly group: string;
  readonly words: readonly string[];
  readonly isOpen: boolean;
}

export function createPhraseIndex(phrases: readonly Phrase[]): PhraseIndex {
  const root = newNode();
  for (const phrase of phrases) add(root, phrase);
  return {
    longest: Math.max(1, ...phrases.map(({ words }) => words.length)),
    count(words, hits, until) {
      for (let start = 0; start < until; start++) {
        for (const group of groupsAt(root, words, start)) hits.set(group, (hits.get(group) ?? 0) + 1);
      }
    },
  };
}

/** Groups with a phrase that begins at this word, each once however many of its phrases do. */
function groupsAt(root: Node, words: readonly string[], start: number): ReadonlySet<string> {
  let found: Set<string> | undefined;
  let node: Node | undefined = root;
  for (let at = start; node !== undefined && at < words.length; at++) {
    const word: string = words[at] ?? "";
    for (const [length, beginnings] of node.beginnings) {
      const groups = beginnings.get(word.slice(0, length));
      if (groups !== undefined) found = new Set([...(found ?? []), ...groups]);
    }
    node = node.next.get(word);
    if (node !== undefined && node.groups.size > 0) found = new Set([...(found ?? []), ...node.groups]);
  }
  return found ?? none;
}

const none: ReadonlySet<string> = new Set();

function newNode(): Node {
  return { next: new Map(), beginnings: new Map(), groups: new Set() };
}

function add(root: Node, { group, words, isOpen }: Phrase): void {
  let node = root;
  for (const word of isOpen ? words.slice(0, -1) : words) node = memberOf(node.next, word, newNode);
  const last = words.at(-1);
  if (!isOpen || last === undefined) node.groups.add(group);
  else {
    const beginnings = memberOf(node.beginnings, last.length, () => new Map<string, Set<string>>());
    memberOf(beginnings, last, () => new Set<string>()).add(group);
  }
}

function memberOf<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = create();
  map.set(key, value);
  return value;
}
