/** What both planes stand on: redaction first, for everything that leaves goes through it. */
import { createRedactor, type Redactor } from "./core/redaction.ts";
import type { Log } from "./domain/log.ts";
import { createLog } from "./telemetry/log.ts";

export interface Foundation {
  /** Of units' pseudonyms, in records and in what is redacted. */
  readonly unitHashKey: string;
  readonly redactor: Redactor;
  readonly log: Log;
}

/** Monotonic milliseconds. */
export const now = () => performance.now();
/** Epoch milliseconds. */
export const wallNow = () => Date.now();

/** `facts` stand on every line of the log. */
export function createFoundation(
  unitHashKey: string,
  write: (line: string) => void,
  facts: Readonly<Record<string, unknown>> = {},
): Foundation {
  const redactor = createRedactor({ pseudonymKey: unitHashKey });
  return { unitHashKey, redactor, log: createLog({ redactor, write, now: wallNow, facts }) };
}
