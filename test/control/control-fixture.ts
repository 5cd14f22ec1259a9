import type { RevisionSource } from "../../src/domain/config.ts";
import type { ControlEvent, ControlStore } from "../../src/domain/control.ts";
import type { Log } from "../../src/domain/log.ts";

export interface TestStore extends ControlStore {
  /** From now on appends reject with this error; undefined lets them succeed again. */
  failWith(error: Error | undefined): void;
  /** From now on appends wait until `go` is called. */
  hold(): { go: () => void };
}

/** A store in memory whose disk can be slow or fail. */
export function createTestStore(events: readonly ControlEvent[] = []): TestStore {
  const kept = [...events];
  let failure: Error | undefined;
  let gate: Promise<void> = Promise.resolve();
  return {
    read: () => kept,
    async append(event) {
      await gate;
      if (failure !== undefined) throw failure;
      kept.push(event);
    },
    close: async () => undefined,
    failWith(error) {
      failure = error;
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return { go: resolve };
    },
  };
}

/** A log that keeps its messages with their level. */
export function createTestLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const line = (level: string) => (message: string) => {
    lines.push(`${level}: ${message}`);
  };
  return { lines, info: line("info"), warn: line("warn"), error: line("error") };
}

/** For tests in which nobody makes the revision a second time. */
export const anySource: RevisionSource = {
  texts: { files: new Map(), directories: new Map() },
  allocated: [],
  loadedAt: 0,
};
