/** The composition root of the thread that evaluates schemas of clients. */
import { parentPort } from "node:worker_threads";
import { createClientSchemaVerdicts } from "./core/client-schema-verdicts.ts";
import type { ClientSchemaQuestion } from "./domain/client-schema.ts";
import type { FromSchemaWorker } from "./jobs/schema-thread.ts";

const say = (message: FromSchemaWorker) => parentPort?.postMessage(message);
const judge = createClientSchemaVerdicts();

// The first compilation makes the compiler itself ready: 30 ms that must not be some client's.
judge({ key: "", source: '{"type":"object"}', tool: undefined, text: "{}" });

parentPort?.on("message", (question: ClientSchemaQuestion) => {
  say(judge(question));
});
say("ready");
