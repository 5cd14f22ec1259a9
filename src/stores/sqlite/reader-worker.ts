/** The thread that looks for records. */
import { parentPort, workerData } from "node:worker_threads";
import { faultOf } from "./fault.ts";
import type { FromReader, ToReader } from "./messages.ts";
import { createReadConnection } from "./read-connection.ts";
import { recentBodies } from "./record-pages.ts";

const port = parentPort;
if (port === null) throw new Error("reader-worker.ts is started by the store, as a worker");

// The store that starts this thread gives it the path.
const connection = createReadConnection(workerData as string);

port.on("message", ({ question, filter }: ToReader) => {
  try {
    const found = connection.read((db) => recentBodies(db, filter)) ?? { bodies: [], damage: [] };
    port.postMessage({ question, ...found } satisfies FromReader);
  } catch (error) {
    const { reason, kind } = faultOf(error);
    port.postMessage({ question, reason, isCorrupt: kind === "corrupt" } satisfies FromReader);
  }
});
