/** The choke point: what text may leave by telemetry. A sink takes nothing else. */
import { longestSecret, messageShapes, redactedMessages } from "../core/message-content.ts";
import type { Message } from "../core/messages.ts";
import type { Redacted, Redaction, Redactor } from "../core/redaction.ts";

export type Found = Pick<Redaction, "count" | "rules">;

/** What of messages may leave. */
export interface ContentPolicy {
  readonly content: "metadata" | "redacted";
  /** Characters of one message. */
  readonly maxChars: number;
}

export interface Outgoing {
  /** Text that a client, a model or an upstream wrote: redacted, and cut at `maxLength`. `found` hears of what was taken out. */
  written(text: string | undefined, found?: (redaction: Found) => void): Redacted | undefined;
  /** Messages as the policy wants them. */
  writtenMessages(
    messages: readonly Message[],
    policy: ContentPolicy,
    found?: (redaction: Found) => void,
  ): Redacted;
  /** Text that only our tables and the operator's configuration can hold. */
  readonly ours: typeof ours;
}

const maxLength = 8192;
/** As many messages of the full length may stand in one attribute. */
const messagesOfAttribute = 4;
/** More is read than is sent, so that a secret across the limit is seen whole; the end of what was read in part is given up. */
const maxRead = 2 * maxLength;
/** What is not plain may come again and again all the same; a look-up here is 2 µs less than a look for secrets. */
const maxKnown = 1000;
const maxKnownLength = 64;

/** `counted` hears which rules found something; `clean` are texts in which none did, for several sinks to share. */
export function createOutgoing(
  redactor: Redactor,
  counted: (rules: readonly string[]) => void,
  clean: Map<string, Redacted> = new Map(),
): Outgoing {
  const tell = (redaction: Found, found: ((redaction: Found) => void) | undefined) => {
    if (redaction.rules.length === 0) return;
    counted(redaction.rules);
    found?.(redaction);
  };
  return {
    written(text, found) {
      if (text === undefined) return undefined;
      const plain = text.length <= maxLength ? redactor.plain(text) : undefined;
      if (plain !== undefined) return plain;
      const known = clean.get(text);
      if (known !== undefined) return known;
      const isRead = text.length <= maxRead;
      const redaction = redactor.redact(isRead ? text : text.slice(0, maxRead));
      const safe = cut(redaction.text, isRead ? maxLength : redaction.text.length - longestSecret);
      tell(redaction, found);
      if (redaction.rules.length === 0 && text.length <= maxKnownLength) {
        if (clean.size >= maxKnown) clean.clear();
        clean.set(text, safe);
      }
      return safe;
    },
    writtenMessages(messages, { content, maxChars }, found) {
      const bounds = { messageChars: maxChars, totalChars: messagesOfAttribute * maxChars };
      const redaction =
        content === "metadata"
          ? redactor.redactAll(messageShapes(messages))
          : redactedMessages(messages, redactor, bounds);
      tell(redaction, found);
      return JSON.stringify(redaction.value) as Redacted;
    },
    ours,
  };
}

/** The one place where text becomes Redacted without a redactor: it was never a stranger's. */
export function ours(text: string): Redacted;
export function ours(text: string | undefined): Redacted | undefined;
export function ours(text: string | undefined): Redacted | undefined {
  return text as Redacted | undefined;
}

/** A part of what has been redacted is redacted too. */
function cut(text: Redacted, length: number): Redacted {
  const most = Math.max(0, Math.min(maxLength, length));
  return text.length > most ? (text.slice(0, most) as Redacted) : text;
}
