/** The bytes that travel: fixed, so that every answer can be compared whole. */

export type Scenario = "plain" | "stream";

const chunkCount = 100;

/** Bodies of 1.8 KB that differ only in their user, so that both variants of the experiment are met. */
export function requestBodies(scenario: Scenario): readonly Buffer[] {
  return Array.from({ length: 64 }, (_, index) => Buffer.from(JSON.stringify(requestBody(scenario, index))));
}

function requestBody(scenario: Scenario, index: number): object {
  const question =
    "My order arrived with the wrong cable, and the lamp flickers when it is dimmed below a third. ";
  const body = {
    model: "bench",
    user: `unit-${String(index).padStart(4, "0")}`,
    messages: [
      { role: "user", content: question.repeat(8) },
      { role: "assistant", content: "Thank you for writing. Which lamp do you have?" },
      { role: "user", content: question.repeat(8) },
    ],
  };
  // Usage is asked for outright: a proxy that adds the wish has to take the chunk out again, and the bytes would differ.
  return scenario === "stream" ? { ...body, stream: true, stream_options: { include_usage: true } } : body;
}

const usage = { prompt_tokens: 412, completion_tokens: 104, total_tokens: 516 };
const head = {
  id: "chatcmpl-bench000000000000000000",
  created: 1_790_000_000,
  model: "gpt-4.1-mini-2025-04-14",
};

/** A whole answer of 0.95 KB whose content obeys the schema of the bench configuration. */
export const completionBody: Buffer = Buffer.from(
  JSON.stringify({
    ...head,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: JSON.stringify({ reply: "We are sorry for the mix-up. ".repeat(18), escalate: false }),
          refusal: null,
        },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage,
    system_fingerprint: "fp_bench",
  }),
);

/** The events of a streamed answer, one a chunk; the last carries the usage and the end mark. */
export const streamChunks: readonly Buffer[] = Array.from({ length: chunkCount }, (_, index) => {
  const isLast = index === chunkCount - 1;
  const delta = index === 0 ? { role: "assistant", content: "" } : { content: ` word ${index}` };
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: isLast ? "stop" : null }];
  const event = sse({ ...head, object: "chat.completion.chunk", choices, usage: null });
  const closing = sse({ ...head, object: "chat.completion.chunk", choices: [], usage });
  return Buffer.from(isLast ? `${event}${closing}data: [DONE]\n\n` : event);
});

export const streamBody: Buffer = Buffer.concat(streamChunks);

export const expectedBody = (scenario: Scenario): Buffer =>
  scenario === "stream" ? streamBody : completionBody;

function sse(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}
