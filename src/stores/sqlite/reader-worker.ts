/** The thread that looks for records. */
import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { contentBodies } from "./content-writer.ts";
import { faultOf } from "./fault.ts";
import type { FromReader, ReaderQuestion, ToReader } from "./messages.ts";
import { createReadConnection } from "./read-connection.ts";
import { type RecentBodies, recentBodies } from "./record-pages.ts";

const port = parentPort;
if (port === null) throw new Error("reader-worker.ts is started by the store, as a worker");

// The store that starts this thread gives it the path.
const connection = createReadConnection(workerData as string);

port.on("message", ({ question, ...asked }: ToReader) => {
  try {
    const found = connection.read((db) => answer(db, asked)) ?? { bodies: [], damage: [] };
    port.postMessage({ question, ...found } satisfies FromReader);
  } catch (error) {
    const { reason, kind } = faultOf(error);
    port.postMessage({ question, reason, isCorrupt: kind === "corrupt" } satisfies FromReader);
  }
});

function answer(db: DatabaseSync, asked: ReaderQuestion): RecentBodies {
  return "filter" in asked
    ? recentBodies(db, asked.filter)
    : { bodies: contentBodies(db, asked.contentOf), damage: [] };
}
