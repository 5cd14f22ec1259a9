import type { Answer, ChunkSink, ChunkSource } from "../domain/chat.ts";

/**
 * Waits for a stream's end and gives it back as one that replays the same bytes.
 * Rejects with the stream's failure: nothing has been sent yet, so another attempt may still be made.
 */
export function hold(answer: Answer): Promise<Answer> {
  const { body } = answer;
  if (body.kind === "whole") return Promise.resolve(answer);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    body.source.start({
      chunk: (bytes) => chunks.push(bytes),
      end: () => resolve({ ...answer, body: { kind: "stream", source: replay(chunks) } }),
      fail: reject,
    });
  });
}

/** A source that has everything already; it stops where the reader pauses it. */
export function replay(chunks: readonly Buffer[]): ChunkSource {
  let sink: ChunkSink | undefined;
  let isPaused = false;
  let next = 0;
  const flow = () => {
    if (sink === undefined) return;
    while (!isPaused && next < chunks.length) {
      const chunk = chunks[next++];
      if (chunk !== undefined) sink.chunk(chunk);
    }
    // A reader may have resumed from within `chunk`: then the inner flow has ended the stream already.
    const reader = sink as ChunkSink | undefined;
    if (isPaused || reader === undefined) return;
    sink = undefined;
    reader.end();
  };
  return {
    start(reader) {
      sink = reader;
      flow();
    },
    pause() {
      isPaused = true;
    },
    resume() {
      if (!isPaused) return;
      isPaused = false;
      flow();
    },
    cancel(failure) {
      const reader = sink;
      sink = undefined;
      reader?.fail(failure);
    },
  };
}
