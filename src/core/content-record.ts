import type { Choice, RenderedRequest } from "../domain/chat.ts";
import type { RequestRecord } from "../domain/record.ts";
import type { ContentRecord } from "../domain/store.ts";
import { redactedMessages } from "./message-content.ts";
import { inputMessages, outputMessages } from "./messages.ts";
import type { Redactor } from "./redaction.ts";

const bounds = { messageChars: 8192, totalChars: 32_768 };

/**
 * What was said in a request, redacted and bounded, as the JSON of a ContentRecord: the messages that the upstream of the answer was
 * sent, and what it said. Undefined for what is no chat, for no rule of redaction knows the features of a model,
 * and for what was said by no unit that could be forgotten.
 */
export function contentText(
  record: Pick<RequestRecord, "requestId" | "receivedAt" | "unitHash" | "sessionHash">,
  said: { readonly request: RenderedRequest; readonly choices: readonly Choice[] },
  redactor: Redactor,
): string | undefined {
  if (said.request.body.operation !== "chat") return undefined;
  const { requestId, receivedAt, unitHash, sessionHash } = record;
  // Nobody could ask for it to be forgotten.
  if (unitHash === undefined && sessionHash === undefined) return undefined;
  const content: ContentRecord = {
    requestId,
    receivedAt,
    unitHash,
    sessionHash,
    input: redactedMessages(inputMessages(said.request.outgoing), redactor, bounds).value,
    output: redactedMessages(outputMessages(said.choices), redactor, bounds).value,
  };
  return JSON.stringify(content);
}

/** The content of a text. Only stores keep them, and only such as `contentText` made. */
export function parseContent(text: string): ContentRecord {
  return JSON.parse(text) as ContentRecord;
}
