/** Half of the texts, by a hash with a seed: signs were chosen by the one half, and measured by the other. */
export function splitOf(texts: readonly string[]): {
  readonly tuning: readonly string[];
  readonly heldOut: readonly string[];
} {
  const isTuning = (text: string): boolean => fnv1a(`${seed}:${text}`) % 2 === 0;
  return { tuning: texts.filter(isTuning), heldOut: texts.filter((text) => !isTuning(text)) };
}

const seed = 20_261;

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash >>> 8) ^ (hash & 0xff);
}
