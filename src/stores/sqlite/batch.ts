import type { Batch } from "./messages.ts";
import type { QueueItem } from "./write-queue.ts";

/** Queued items as the message that the writer gets. Costs the event loop little more than one copy of the texts. */
export function batchOf(items: readonly QueueItem[], number: number, lastSequence: number): Batch {
  const records: string[] = [];
  const sequences: number[] = [];
  const others = {
    exposure: [] as string[],
    outcomes: [] as string[],
    phase: [] as string[],
    crash: [] as string[],
    content: [] as string[],
    forget: [] as string[],
  };
  for (const { kind, text, sequence } of items) {
    if (kind === "record") {
      records.push(text);
      sequences.push(sequence);
    } else if (kind !== "mark") others[kind].push(text);
  }
  return {
    number,
    phases: others.phase,
    crashes: others.crash,
    exposures: others.exposure,
    records,
    sequences,
    outcomes: others.outcomes,
    contents: others.content,
    forgets: others.forget,
    lastSequence,
  };
}
