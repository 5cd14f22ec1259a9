import type { Answer, ChunkSource, Completion } from "../../src/domain/chat.ts";
import type { Failure } from "../../src/domain/failure.ts";

/** A stream of these chunks that ends well, or with `failure`, as soon as it is started. */
export function sseSource(chunks: readonly string[], failure?: Failure): ChunkSource {
  return {
    start(sink) {
      for (const chunk of chunks) sink.chunk(Buffer.from(chunk));
      if (failure === undefined) sink.end();
      else sink.fail(failure);
    },
    pause: () => undefined,
    resume: () => undefined,
    cancel: () => undefined,
  };
}

/** What a client would get of a streamed answer: its text, and the failure that ended it. */
export function read(answer: Answer): Promise<{ text: string; failure: Failure | undefined }> {
  const { body } = answer;
  if (body.kind === "whole") return Promise.resolve({ text: body.bytes.toString(), failure: undefined });
  return new Promise((resolve) => {
    let text = "";
    body.source.start({
      chunk: (bytes) => {
        text += bytes.toString();
      },
      end: () => resolve({ text, failure: undefined }),
      fail: (failure) => resolve({ text, failure }),
    });
  });
}

/** A streamed answer of these chunks whose completion is told. */
export function streamAnswer(chunks: readonly string[], completion: Completion): Answer {
  return {
    status: 200,
    headers: {},
    body: { kind: "stream", source: sseSource(chunks, completion.failure) },
    completion: Promise.resolve(completion),
  };
}
