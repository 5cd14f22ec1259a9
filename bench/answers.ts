import { blankStamp, completionBody, completionText, stampPattern, streamChunks } from "./messages.ts";

/**
 * How an answer is held against what the upstream sent: `bytes` wants every byte; `content` is for proxies that write
 * the JSON anew, and wants every word and token count.
 */
export type Check = "bytes" | "content";

/** What is wrong with a whole answer; undefined when nothing is. Stamps are no part of what has to agree. */
export function answerFault(body: string, isStream: boolean, check: Check): string | undefined {
  const isRight = isStream ? isRightStream(body, check) : isRightCompletion(body, check);
  return isRight ? undefined : `wrong ${check}: ${body.slice(0, 300)}`;
}

const completion = completionBody.toString();
const stream = streamChunks.join("");
const streamText = [...stream.matchAll(/"content":"([^"]*)"/g)].map((match) => match[1]).join("");
const totalTokens = 516;

function isRightCompletion(body: string, check: Check): boolean {
  if (check === "bytes") return body === completion;
  const answer = shaped(body);
  return (
    answer?.choices?.[0]?.message?.content === completionText && answer.usage?.total_tokens === totalTokens
  );
}

function isRightStream(body: string, check: Check): boolean {
  const blanked = body.replace(stampPattern, blankStamp);
  if (check === "bytes") return blanked === stream;
  const events = blanked
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => shaped(line.slice("data: ".length)));
  const words = events.map((event) => event?.choices?.[0]?.delta?.content ?? "").join("");
  return words === streamText && events.some((event) => event?.usage?.total_tokens === totalTokens);
}

interface Shaped {
  readonly choices?: readonly {
    readonly message?: { readonly content?: string };
    readonly delta?: { readonly content?: string };
  }[];
  readonly usage?: { readonly total_tokens?: number };
}

function shaped(json: string): Shaped | undefined {
  try {
    // Parse boundary: every field is asked for as if it might be missing.
    return JSON.parse(json) as Shaped;
  } catch {
    return undefined;
  }
}
