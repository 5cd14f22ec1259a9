/**
 * The value that would stand at `rank` (from 0) were `from` … `to`, both included, sorted; it is put there, with nothing larger
 * before it and nothing smaller behind. O(n) on average by sampled partition (Floyd and Rivest 1975, algorithm 489).
 * `values` are reordered within the range; NaN must not be among them, and `from` ≤ `rank` ≤ `to` must hold.
 */
export function select(values: Float64Array, rank: number, from = 0, to: number = values.length - 1): number {
  let left = from;
  let right = to;
  while (left < right) {
    if (right - left > sampledFrom) narrow(values, rank, left, right);
    const boundary = partition(values, rank, left, right);
    if (boundary <= rank) left = boundary + 1;
    if (boundary >= rank) right = boundary - 1;
  }
  return at(values, rank);
}

const sampledFrom = 600;

// Selecting in a sample first makes the pivot stand close to the rank, on the side that throws more values away.
function narrow(values: Float64Array, rank: number, left: number, right: number): void {
  const n = right - left + 1;
  const place = rank - left + 1;
  const logN = Math.log(n);
  const size = 0.5 * Math.exp((2 * logN) / 3);
  const side = Math.sign(place - n / 2);
  const shift = 0.5 * side * Math.sqrt((logN * size * (n - size)) / n);
  const low = Math.max(left, Math.floor(rank - (place * size) / n + shift));
  const high = Math.min(right, Math.floor(rank + ((n - place) * size) / n + shift));
  select(values, rank, low, high);
}

/** Splits the range by the value at `rank` and says where that value ended. */
function partition(values: Float64Array, rank: number, left: number, right: number): number {
  const pivot = at(values, rank);
  swap(values, left, rank);
  // The larger of both ends goes right and the other left, so that each stops the scan that runs towards it.
  const isPivotLeft = at(values, right) <= pivot;
  if (!isPivotLeft) swap(values, left, right);
  let low = left;
  let high = right;
  while (low < high) {
    swap(values, low, high);
    low += 1;
    high -= 1;
    while (at(values, low) < pivot) low += 1;
    while (at(values, high) > pivot) high -= 1;
  }
  if (at(values, left) === pivot) {
    swap(values, left, high);
    return high;
  }
  swap(values, high + 1, right);
  return high + 1;
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? Number.NaN;
}

function swap(values: Float64Array, one: number, other: number): void {
  const kept = at(values, one);
  values[one] = at(values, other);
  values[other] = kept;
}
