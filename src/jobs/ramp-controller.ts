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
/** A look may take a tenth of the statistics' thread, however fast records come. */
const restPerWork = 9;

export function startRampController({
  running,
  look,
  records,
  log,
  now,
  evaluateMs: everyMs = evaluateMs,
  evaluateRecords: everyRecords = evaluateRecords,
}: RampControllerParts): { stop(): Promise<void> } {
  let turn: Promise<void> | undefined;
  let last = { at: now() - everyMs, tookMs: 0, records: 0 };
  const isDue = () => {
    const idleMs = now() - last.at;
    if (idleMs >= everyMs) return true;
    return records() - last.records >= everyRecords && idleMs >= restPerWork * last.tookMs;
  };
  const lookAll = async () => {
    const startedAt = now();
    const seen = records();
    for (const id of running()) {
      await look(id).catch((error: unknown) => log.error("a ramp could not be looked at", { id, error }));
    }
    last = { at: now(), tookMs: now() - startedAt, records: seen };
  };
  const timer = setInterval(
    () => {
      if (turn !== undefined || !isDue()) return;
      turn = lookAll().finally(() => {
        turn = undefined;
      });
    },
    Math.min(pollMs, everyMs),
  ).unref();
  return {
    async stop() {
      clearInterval(timer);
      await turn;
    },
  };
}
