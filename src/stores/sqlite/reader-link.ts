/** Asks a thread of its own for records: a page that has to be searched for never holds up the event loop. */
import { Worker } from "node:worker_threads";
import { parseRecord } from "../../core/record-text.ts";
import { Failure } from "../../domain/failure.ts";
import type { RequestRecord } from "../../domain/record.ts";
import type { RecordFilter } from "../../domain/store.ts";
import type { FromReader, ToReader } from "./messages.ts";
import type { BlockDamage } from "./text-blocks.ts";

export interface ReaderLink {
  recent(filter: RecordFilter): Promise<readonly RequestRecord[]>;
  terminate(): Promise<void>;
}

interface Asker {
  resolve(records: readonly RequestRecord[]): void;
  reject(error: Error): void;
}

export interface ReaderEvents {
  /** The reader met damage that keeps it from reading. */
  onCorrupt(): void;
  /** These blocks are damaged, and all else was read. */
  onDamage(damage: readonly BlockDamage[]): void;
}

/** The thread starts with the first question. */
export function createReaderLink(path: string, { onCorrupt, onDamage }: ReaderEvents): ReaderLink {
  const askers = new Map<number, Asker>();
  let worker: Worker | undefined;
  let asked = 0;

  const answer = (message: FromReader) => {
    const asker = askers.get(message.question);
    askers.delete(message.question);
    if (askers.size === 0) worker?.unref();
    if ("reason" in message) {
      if (message.isCorrupt) onCorrupt();
      return asker?.reject(unreadable(message.reason));
    }
    onDamage(message.damage);
    try {
      asker?.resolve(message.bodies.map(parseRecord));
    } catch (error) {
      // Thrown in a listener it would end the process.
      asker?.reject(unreadable(String(error)));
    }
  };

  const start = (): Worker => {
    const started = new Worker(new URL("./reader-worker.ts", import.meta.url), {
      name: "assay-store-reader",
      workerData: path,
      // Not the process's own: `--input-type` and the like would keep the thread from starting.
      execArgv: [],
    });
    let reason = "its thread ended";
    started.on("message", answer);
    started.on("error", (error) => {
      reason = String(error);
    });
    started.on("exit", () => {
      worker = undefined;
      for (const asker of askers.values()) asker.reject(unreadable(reason));
      askers.clear();
    });
    return started;
  };

  return {
    recent(filter) {
      worker ??= start();
      worker.ref();
      const question = asked++;
      worker.postMessage({ question, filter } satisfies ToReader);
      return new Promise((resolve, reject) => askers.set(question, { resolve, reject }));
    },
    async terminate() {
      await worker?.terminate();
    },
  };
}

function unreadable(reason: string): Failure {
  return new Failure("store_unavailable", `Records cannot be read now: ${reason}.`);
}
