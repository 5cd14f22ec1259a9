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
    // Far above what the bounds of schemas and values leave to be used: see `maxTextLength` of the thread.
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 },
  });
}
