/** The sink of a worker: hands what is to be kept to the primary, which owns the store. */
import { recordText } from "../core/record-text.ts";
import { Failure } from "../domain/failure.ts";
import type { Phase, RecordSink } from "../domain/store.ts";
import type { Link } from "./link.ts";
import type { RecordBatch, ToPrimary } from "./messages.ts";
import { orLate } from "./or-late.ts";

export interface RemoteSink extends RecordSink {
  /** Resolves when everything that was appended before has been handed over. */
  flush(): Promise<void>;
}

/** What a client is told when it may come back. */
const retryAfterMs = 1000;
/** For the primary's answer: it is a disk's, and a primary that lives gives up on its disk earlier. */
const answerMs = 10_000;

/**
 * Records go as text, a batch at a time: one is under way, and what comes meanwhile goes with the next. So a primary that is slow
 * gets fewer and larger messages, and one that is stuck fills the bounds and then costs records, never memory.
 */
export function createRemoteSink(
  link: Pick<Link<ToPrimary>, "call">,
  bounds: { readonly rows: number; readonly bytes: number },
): RemoteSink {
  let texts: string[] = [];
  let contents: string[] = [];
  let phases: Phase[] = [];
  let dropped = 0;
  /** With what is under way, until it is answered. */
  let rows = 0;
  let bytes = 0;
  let sending: Promise<void> | undefined;

  const hasRoom = (moreRows: number, moreBytes: number) =>
    rows + moreRows <= bounds.rows && bytes + moreBytes <= bounds.bytes;

  const send = async () => {
    // What the other requests of this turn have to say goes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (texts.length > 0 || contents.length > 0 || phases.length > 0 || dropped > 0) {
      const batch: RecordBatch = { texts, contents, phases, dropped };
      const sentBytes = lengthOf(texts) + lengthOf(contents);
      texts = [];
      contents = [];
      phases = [];
      dropped = 0;
      // It fails only with the primary, and this process with it.
      await link.call("records", batch).catch(() => {});
      rows -= batch.texts.length + batch.contents.length;
      bytes -= sentBytes;
    }
    sending = undefined;
  };
  const nudge = () => {
    sending ??= send();
  };
  const waitFor = async <T>(count: number, call: () => Promise<T>): Promise<T> => {
    if (!hasRoom(count, 0)) {
      const message =
        "This cannot be kept now: what waits to be written has reached its bound. Send it again.";
      throw new Failure("store_unavailable", message, { retryAfterMs });
    }
    rows += count;
    // What is given up still waits in the channel, and counts until it is answered.
    const answer = call().finally(() => {
      rows -= count;
    });
    const kept = await orLate(
      answer.then((value) => ({ value })),
      answerMs,
    );
    if (kept !== undefined) return kept.value;
    const message = `The primary process has not kept this within ${answerMs / 1000} s; whether it will is not known. Send it again.`;
    throw new Failure("store_unavailable", message, { retryAfterMs });
  };

  return {
    append(record) {
      const text = recordText(record);
      if (hasRoom(1, text.length)) {
        rows++;
        bytes += text.length;
        texts.push(text);
      } else dropped++;
      nudge();
    },
    // One that finds no room is not numbered, as its record is.
    keepContent(text) {
      if (!hasRoom(1, text.length)) return;
      rows++;
      bytes += text.length;
      contents.push(text);
      nudge();
    },
    // Never dropped: there are few, and an experiment cannot be read without its phases.
    addPhase(phase) {
      phases.push(phase);
      nudge();
    },
    expose: (record) => waitFor(1, () => link.call("expose", record)),
    addOutcomes: (outcomes) => waitFor(outcomes.length, () => link.call("outcomes", outcomes)),
    async flush() {
      while (sending !== undefined) await sending;
    },
  };
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}
