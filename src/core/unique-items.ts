/** Whether no two items are equal, in time linear in their length: ajv's own compares every pair, and the items may be a stranger's. */
export function hasUniqueItems(items: readonly unknown[]): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const text = JSON.stringify(item, inOrder);
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

/** Objects are equal whatever the order of their members. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
