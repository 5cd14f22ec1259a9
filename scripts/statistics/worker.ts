/** Makes the studies that it is sent, one after the other. */
import { parentPort } from "node:worker_threads";
import { studies } from "./studies.ts";
import { drawsOf } from "./study.ts";

/** What is sent here. */
export interface Task {
  readonly id: string;
  readonly runs: number;
  readonly seed: number;
}

parentPort?.on("message", ({ id, runs, seed }: Task) => {
  const study = studies.find((one) => one.id === id);
  if (study === undefined) throw new RangeError(`no study "${id}"`);
  parentPort?.postMessage(study.run(drawsOf(study, { runs, seed })));
});
