/**
 * The candidate that `wrong` was most likely meant to be, or undefined when none is near enough: at most one edit for
 * each three characters, and at least one. Case costs nothing. Of equally near candidates the first one wins.
 */
export function didYouMean(wrong: string, candidates: Iterable<string>): string | undefined {
  const typed = wrong.toLowerCase();
  if (typed.length === 0 || typed.length > maxLength) return undefined;
  const limit = Math.max(1, Math.floor(typed.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    if (name === wrong || Math.abs(name.length - typed.length) > limit) continue;
    const distance = editDistance(typed, name.toLowerCase());
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

// Callers pass names that clients chose: the cost of a comparison is quadratic in this length.
const maxLength = 256;

/**
 * Damerau-Levenshtein distance in its optimal-string-alignment form: inserting, deleting, replacing a UTF-16 unit and
 * swapping two neighbours cost 1 each, and nothing is edited twice.
 */
export function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const replaced = at(previous, column - 1) + (isSame ? 0 : 1);
      const edited = Math.min(replaced, at(previous, column) + 1, at(current, column - 1) + 1);
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const canSwap = row > 1 && column > 1 && isSwap;
      current.push(canSwap ? Math.min(edited, at(beforePrevious, column - 2) + 1) : edited);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, to.length);
}

function at(distances: readonly number[], column: number): number {
  return distances[column] ?? Number.POSITIVE_INFINITY;
}
