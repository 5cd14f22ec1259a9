/** Asks a thread of its own for records: a page that has to be searched for never holds up the event loop. */
import { Worker } from "node:worker_threads";
import { parseContent } from "../../core/content-record.ts";
import { parseRecord } from "../../core/record-text.ts";
import { Failure } from "../../domain/failure.ts";
import type { RequestRecord } from "../../domain/record.ts";
import type { ContentRecord, RecordFilter } from "../../domain/store.ts";
import type { FromReader, ReaderQuestion, ToReader } from "./messages.ts";
import type { BlockDamage } from "./text-blocks.ts";

export interface ReaderLink {
  recent(filter: RecordFilter): Promise<readonly RequestRecord[]>;
  content(requestId: string): Promise<ContentRecord | undefined>;
  terminate(): Promise<void>;
}

interface Asker {
  resolve(bodies: readonly string[]): void;
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
    asker?.resolve(message.bodies);
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

  const ask = async <T>(what: ReaderQuestion, parse: (body: string) => T): Promise<readonly T[]> => {
    worker ??= start();
    worker.ref();
    const question = asked++;
    worker.postMessage({ question, ...what } satisfies ToReader);
    const bodies = await new Promise<readonly string[]>((resolve, reject) =>
      askers.set(question, { resolve, reject }),
    );
    try {
      return bodies.map(parse);
    } catch (error) {
      throw unreadable(String(error));
    }
  };

  return {
    recent: (filter) => ask({ filter }, parseRecord),
    content: async (requestId) => (await ask({ contentOf: requestId }, parseContent))[0],
    async terminate() {
      await worker?.terminate();
    },
  };
}

function unreadable(reason: string): Failure {
  return new Failure("store_unavailable", `Records cannot be read now: ${reason}.`);
}
