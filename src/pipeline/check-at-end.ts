import type { Answer, ChunkSink, ChunkSource, Completion } from "../domain/chat.ts";
import { asFailure, type Failure } from "../domain/failure.ts";

type Judge = (completion: Completion) => Failure | undefined | Promise<Failure | undefined>;

/** Lets a stream pass and judges it when it is complete: a verdict turns its clean end into that failure. */
export function checkAtEnd(answer: Answer, judge: Judge): Answer {
  if (answer.body.kind !== "stream") return answer;
  const { source } = answer.body;
  const judged = answer.completion.then(async (completion) => {
    if (completion.failure !== undefined) return completion;
    const failure = await verdictOf(judge, completion);
    return failure === undefined ? completion : { ...completion, failure };
  });
  return { ...answer, body: { kind: "stream", source: judgedSource(source, judged) }, completion: judged };
}

/** A judge that breaks has not found the answer good: its fault ends the stream, for a completion never rejects. */
async function verdictOf(judge: Judge, completion: Completion): Promise<Failure | undefined> {
  try {
    return await judge(completion);
  } catch (thrown) {
    return asFailure(thrown);
  }
}

function judgedSource(source: ChunkSource, judged: Promise<Completion>): ChunkSource {
  const start = (sink: ChunkSink) =>
    source.start({
      chunk: (bytes) => sink.chunk(bytes),
      fail: (failure) => sink.fail(failure),
      end: () => {
        judged.then(({ failure }) => (failure === undefined ? sink.end() : sink.fail(failure)));
      },
    });
  return {
    start,
    pause: () => source.pause(),
    resume: () => source.resume(),
    cancel: (failure) => source.cancel(failure),
  };
}
