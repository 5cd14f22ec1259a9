/** What one of several workers may take of a limit that holds for all of them together; at least 1. */
export function shareOfLimit(limit: number, { number, of }: { number: number; of: number }): number {
  const rest = number <= limit % of ? 1 : 0;
  return Math.max(1, Math.floor(limit / of) + rest);
}
