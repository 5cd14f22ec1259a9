/** What both planes stand on: redaction first, for everything that leaves goes through it. */
import { linearPattern } from "./core/linear-pattern.ts";
import { createRedactor, type Redactor } from "./core/redaction.ts";
import type { RedactionConfig } from "./domain/config.ts";
import type { Log } from "./domain/log.ts";
import { createLog } from "./telemetry/log.ts";

export interface Foundation {
  /** Of units' pseudonyms, in records and in what is redacted. */
  readonly unitHashKey: string;
  /** By the configuration that `redactBy` was told last. */
  readonly redactor: Redactor;
  readonly redactBy: (config: RedactionConfig) => void;
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
  let current = createRedactor({ pseudonymKey: unitHashKey });
  const redactor: Redactor = {
    plain: (text) => current.plain(text),
    redact: (text) => current.redact(text),
    redactAll: (value) => current.redactAll(value),
  };
  return {
    unitHashKey,
    redactor,
    redactBy({ patterns, off }) {
      const compiled = patterns.map((one) => ({ ...one, pattern: linearPattern(one.pattern) }));
      current = createRedactor({ pseudonymKey: unitHashKey, patterns: compiled, off });
    },
    log: createLog({ redactor, write, now: wallNow, facts }),
  };
}
