/** The choke point: what text may leave by telemetry. Span attributes are made of these and nothing else. */
import type { Redacted, Redaction, Redactor } from "../core/redaction.ts";

export type OutgoingValue = number | boolean | Redacted | readonly Redacted[] | undefined;

export interface Outgoing {
  /** Text that a client, a model or an upstream wrote: redacted, and cut at `maxLength`. `found` hears of what was taken out. */
  written(text: string | undefined, found?: (redaction: Redaction) => void): Redacted | undefined;
  /** Text that only our tables and the operator's configuration can hold. */
  ours(text: string | undefined): Redacted | undefined;
}

const maxLength = 8192;
/** Model names and finish reasons come again and again; a look-up here is 2 µs less than a look for secrets. */
const maxKnown = 1000;
const maxKnownLength = 64;

/** `counted` hears which rules found something. */
export function createOutgoing(redactor: Redactor, counted: (rules: readonly string[]) => void): Outgoing {
  const clean = new Map<string, Redacted>();
  return {
    written(text, found) {
      if (text === undefined) return undefined;
      const known = clean.get(text);
      if (known !== undefined) return known;
      const redaction = redactor.redact(text.length > maxLength ? text.slice(0, maxLength) : text);
      const { text: safe, rules } = redaction;
      if (rules.length > 0) {
        counted(rules);
        found?.(redaction);
      } else if (text.length <= maxKnownLength) {
        if (clean.size >= maxKnown) clean.clear();
        clean.set(text, safe);
      }
      return safe;
    },
    // The one place where text becomes Redacted without a redactor: it was never a stranger's.
    ours: (text) => text as Redacted | undefined,
  };
}

/** Without the undefined ones: an absent fact is an absent attribute. */
export function attributesOf(
  values: Readonly<Record<string, OutgoingValue>>,
): Record<string, number | boolean | string | string[]> {
  const attributes: Record<string, number | boolean | string | string[]> = {};
  for (const name in values) {
    const value = values[name];
    if (value === undefined) continue;
    attributes[name] = typeof value === "object" ? [...value] : value;
  }
  return attributes;
}
