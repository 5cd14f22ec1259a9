import { Failure } from "../domain/failure.ts";

export interface Interrupt {
  /** What `work` gives, or a `client_cancelled` as soon as a signal has come, although `work` may never end. */
  race<T>(work: Promise<T>): Promise<T>;
  /** Signals end the process again, as they do by default. */
  release(): void;
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** Holds SIGINT and SIGTERM until `release`, so that what was begun can be taken back; the failure's cause is the signal's name. */
export function holdSignals(): Interrupt {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) =>
    stop.abort(new Failure("client_cancelled", "Interrupted: nothing is kept.", { cause: signal }));
  // Not `once`: npm passes on a Ctrl-C that the terminal has sent as well, and the second would end the cleaning up.
  for (const signal of signals) process.on(signal, onSignal);
  return {
    race: (work) => raced(work, stop.signal),
    release() {
      for (const signal of signals) process.removeListener(signal, onSignal);
    },
  };
}

// Promise.race with one promise for the whole export would keep every chunk's reaction until its end.
function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const unlisten = () => signal.removeEventListener("abort", onAbort);
    work.finally(unlisten).then(resolve, reject);
  });
}
