/** When ramps are looked at: in the one process that owns the state folder, so that no two can raise at once. */
import type { Log } from "../domain/log.ts";

export interface RampControllerParts {
  /** Experiments whose ramp is to be looked at. */
  readonly running: () => readonly string[];
  readonly look: (experimentId: string) => Promise<void>;
  /** Records that were written so far. */
  readonly records: () => number;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly evaluateMs?: number;
  readonly evaluateRecords?: number;
}

const evaluateMs = 15_000;
const evaluateRecords = 100;
const pollMs = 500;
/** A look may take a tenth of the statistics' thread, however fast records come; on a machine that is busy it waits this long at most. */
const restPerWork = 9;
const longestRestMs = 3000;

export function startRampController({
  running,
  look,
  records,
  log,
  now,
  evaluateMs: everyMs = evaluateMs,
  evaluateRecords: everyRecords = evaluateRecords,
}: RampControllerParts): { stop(): Promise<void> } {
  // Each by itself: who waits for a slow gate is nobody else's delay.
  const lasts = new Map<string, { readonly at: number; readonly tookMs: number; readonly records: number }>();
  const turns = new Map<string, Promise<void>>();
  const isDue = (id: string) => {
    const last = lasts.get(id);
    if (last === undefined) return true;
    const idleMs = now() - last.at;
    if (idleMs >= everyMs) return true;
    return (
      records() - last.records >= everyRecords && idleMs >= Math.min(longestRestMs, restPerWork * last.tookMs)
    );
  };
  const lookAt = async (id: string) => {
    const startedAt = now();
    const seen = records();
    await look(id).catch((error: unknown) => log.error("a ramp could not be looked at", { id, error }));
    lasts.set(id, { at: now(), tookMs: now() - startedAt, records: seen });
    turns.delete(id);
  };
  const timer = setInterval(
    () => {
      const ids = running();
      for (const id of lasts.keys()) if (!ids.includes(id)) lasts.delete(id);
      for (const id of ids) if (!turns.has(id) && isDue(id)) turns.set(id, lookAt(id));
    },
    Math.min(pollMs, everyMs),
  ).unref();
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(turns.values());
    },
  };
}
