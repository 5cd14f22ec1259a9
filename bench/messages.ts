/** The bytes that travel: fixed, so that every answer can be compared whole. */

export interface RequestShape {
  /** Of the request's body, to a few bytes. */
  readonly bytes: number;
  readonly isStream: boolean;
  /** What the paced upstream is told, in the last message: `#delay=50#`, `#interval=1000#`, `#flood=64#`. */
  readonly wish?: string;
}

const chunkCount = 100;

/** Bodies that differ only in their user, so that both variants of the experiment are met. */
export function requestBodies(shape: RequestShape, model: string): readonly Buffer[] {
  const filler = shape.bytes - JSON.stringify(requestBody(shape, { model, index: 0, fillerBytes: 0 })).length;
  return Array.from({ length: 64 }, (_, index) =>
    Buffer.from(JSON.stringify(requestBody(shape, { model, index, fillerBytes: filler }))),
  );
}

interface Part {
  readonly model: string;
  readonly index: number;
  readonly fillerBytes: number;
}

function requestBody({ isStream, wish = "" }: RequestShape, { model, index, fillerBytes }: Part): object {
  const body = {
    model,
    user: `unit-${String(index).padStart(4, "0")}`,
    messages: [
      { role: "user", content: text(fillerBytes - Math.floor(fillerBytes / 2)) },
      { role: "assistant", content: "Thank you for writing. Which lamp do you have?" },
      { role: "user", content: text(Math.floor(fillerBytes / 2)) + wish },
    ],
  };
  // Usage is asked for outright: a proxy that adds the wish has to take the chunk out again, and the bytes would differ.
  return isStream ? { ...body, stream: true, stream_options: { include_usage: true } } : body;
}

function text(length: number): string {
  const sentence =
    "My order arrived with the wrong cable, and the lamp flickers when it is dimmed below a third. ";
  return sentence.repeat(Math.ceil(length / sentence.length)).slice(0, length);
}

const usage = { prompt_tokens: 412, completion_tokens: 104, total_tokens: 516 };
const head = {
  id: "chatcmpl-bench000000000000000000",
  created: 1_790_000_000,
  model: "gpt-4.1-mini-2025-04-14",
};

/** What the model says in a whole answer; it obeys the schema of the bench configuration. */
export const completionText = JSON.stringify({
  reply: "We are sorry for the mix-up. ".repeat(18),
  escalate: false,
});

/** A whole answer of 0.95 KB. */
export const completionBody: Buffer = Buffer.from(
  JSON.stringify({
    ...head,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: completionText, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage,
    system_fingerprint: "fp_bench",
  }),
);

/** Stands in a stream's words where the upstream writes the microseconds of the monotonic clock at which it sent the event. */
export const stampPattern: RegExp = /@(\d{16})/g;
export const blankStamp = `@${"0".repeat(16)}`;

/** The events of a streamed answer, one a chunk; the last carries the usage and the end mark. */
export const streamChunks: readonly string[] = Array.from({ length: chunkCount }, (_, index) => {
  const isLast = index === chunkCount - 1;
  const content = ` word ${index} ${blankStamp}`;
  const delta = index === 0 ? { role: "assistant", content } : { content };
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: isLast ? "stop" : null }];
  const event = sse({ ...head, object: "chat.completion.chunk", choices, usage: null });
  const closing = sse({ ...head, object: "chat.completion.chunk", choices: [], usage });
  return isLast ? `${event}${closing}data: [DONE]\n\n` : event;
});

/** An event of 16 KB, for readers that are slower than the upstream. */
export const floodChunk: Buffer = Buffer.from(
  sse({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta: { content: text(16_000) }, logprobs: null, finish_reason: null }],
  }),
);

function sse(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}
