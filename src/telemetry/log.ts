import type { Redactor } from "../core/redaction.ts";
import type { Log } from "../domain/log.ts";

/** JSON lines, redacted; an Error among the facts becomes its stack. `write` gets one line with its line break. */
export function createLog(parts: {
  readonly redactor: Redactor;
  readonly write: (line: string) => void;
  readonly now: () => number;
  /** On every line. */
  readonly facts?: Readonly<Record<string, unknown>>;
}): Log {
  const line =
    (level: string) =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}) => {
      const plain = Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, shown(value)]));
      const { value } = parts.redactor.redactAll({
        at: new Date(parts.now()).toISOString(),
        level,
        message,
        ...parts.facts,
        ...plain,
      });
      parts.write(`${JSON.stringify(value)}\n`);
    };
  return { info: line("info"), warn: line("warn"), error: line("error") };
}

function shown(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const cause = value.cause === undefined ? "" : `\ncaused by ${String(shown(value.cause))}`;
  return `${value.stack ?? value.message}${cause}`;
}
