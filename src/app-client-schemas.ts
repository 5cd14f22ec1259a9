/** The thread for schemas that clients send: a leaf of the composition root. */
import { Worker } from "node:worker_threads";
import { createSchemaThread, type SchemaThread, type SchemaThreadParts } from "./jobs/schema-thread.ts";

export function openClientSchemas(parts: Omit<SchemaThreadParts, "start">): SchemaThread {
  return createSchemaThread({ ...parts, start: startWorker });
}

function startWorker(): Worker {
  return new Worker(new URL("./schema-worker.ts", import.meta.url), {
    name: "assay-client-schemas",
    execArgv: [],
    // Code is made of what clients send: our keys are none of its business.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 },
  });
}
