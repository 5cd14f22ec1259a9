import type { Log } from "../domain/log.ts";

const quietMs = 30_000;

/** Warns at once, and then at most once in half a minute: a collector that is down is no news with every batch. */
export function seldom(log: Log): Log["warn"] {
  let spokenAt = Number.NEGATIVE_INFINITY;
  return (message, facts) => {
    if (performance.now() - spokenAt < quietMs) return;
    spokenAt = performance.now();
    log.warn(message, facts);
  };
}
