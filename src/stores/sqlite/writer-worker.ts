/** The thread that writes. Nobody else does. */
import { parentPort, workerData } from "node:worker_threads";
import type { FromWriter, ToWriter, WriterSettings } from "./messages.ts";
import { createWriter } from "./writer.ts";

const tendEveryMs = 20_000;
/** Between two portions of a retention round commits get their turn. */
const tendSoonMs = 10;

const port = parentPort;
if (port === null) throw new Error("writer-worker.ts is started by the store, as a worker");

// The store that starts this thread gives it exactly these.
const settings = workerData as WriterSettings;
const writer = createWriter({
  settings,
  now: Date.now,
  elapsedMs: () => performance.now(),
  tell: (message: FromWriter) => port.postMessage(message),
});

let tending = setTimeout(tend, tendSoonMs);

port.on("message", (message: ToWriter) => {
  if (message.kind === "commit") writer.commit(message.batch);
  else if (message.kind === "check") quietly(() => writer.check());
  else {
    clearTimeout(tending);
    quietly(() => writer.close(message.lastSequence));
    port.postMessage({ kind: "closed" } satisfies FromWriter);
    port.close();
  }
});

function tend(): void {
  let isMore = false;
  quietly(() => {
    isMore = writer.tend();
  });
  tending = setTimeout(tend, isMore ? tendSoonMs : tendEveryMs);
}

/** What fails here is tried again later; a disk that refuses shows at the next commit. */
function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    const message = `the store's upkeep failed: ${error instanceof Error ? error.message : String(error)}`;
    port?.postMessage({ kind: "note", level: "error", message } satisfies FromWriter);
  }
}
