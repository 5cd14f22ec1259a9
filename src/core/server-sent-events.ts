/** Cuts a byte stream into server-sent events (WHATWG HTML, 9.2.6) without changing a byte of it. */

const LF = 0x0a;
const CR = 0x0d;

export interface ServerSentEvent {
  /** The event as it came, its closing blank line included. */
  readonly raw: Buffer;
  /** The `data` lines joined by LF; undefined for comments and empty events. */
  readonly data: string | undefined;
}

/** Thrown by `push` when one event outgrows the limit: an endless line must not fill the memory. */
export class EventTooLarge extends Error {
  override readonly name = "EventTooLarge";
}

/**
 * Push bytes, get the events that they complete; the bytes of an unfinished event wait inside.
 * The raw bytes of all events, in order, are the input.
 */
export class EventSplitter {
  readonly #maxEventBytes: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lineLength = 0;
  #lastWasCr = false;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  push(bytes: Buffer): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    let start = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === LF && this.#lastWasCr) {
        // The second half of CRLF: its line has ended already.
        this.#lastWasCr = false;
        continue;
      }
      this.#lastWasCr = byte === CR;
      if (byte !== LF && byte !== CR) {
        this.#lineLength++;
        continue;
      }
      if (this.#lineLength > 0) {
        this.#lineLength = 0;
        continue;
      }
      let end = i + 1;
      if (byte === CR && bytes[end] === LF) {
        end++;
        i++;
        this.#lastWasCr = false;
      }
      events.push(eventOf(this.#take(bytes.subarray(start, end))));
      start = end;
    }
    if (start < bytes.length) this.#wait(start === 0 ? bytes : bytes.subarray(start));
    return events;
  }

  /** What is left when the stream ends: an event whose blank line never came, or undefined. */
  flush(): ServerSentEvent | undefined {
    if (this.#waitingBytes === 0) return undefined;
    const rest = this.#take(Buffer.alloc(0));
    this.#lineLength = 0;
    return eventOf(Buffer.concat([rest, Buffer.from("\n\n")]));
  }

  #wait(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > this.#maxEventBytes) {
      throw new EventTooLarge(`one event of the stream is longer than ${this.#maxEventBytes} bytes`);
    }
  }

  #take(last: Buffer): Buffer {
    if (this.#waiting.length === 0) return last;
    const whole = Buffer.concat([...this.#waiting, last]);
    this.#waiting = [];
    this.#waitingBytes = 0;
    return whole;
  }
}

function eventOf(raw: Buffer): ServerSentEvent {
  // Nearly every event of an LLM is one line, `data: {…}`, and a blank one.
  const isPlain = raw.indexOf(LF) === raw.length - 2 && raw.indexOf(CR) === -1 && startsWithData(raw);
  if (isPlain) return { raw, data: raw.toString("utf8", 6, raw.length - 2) };
  return { raw, data: dataOf(raw.toString("utf8")) };
}

function startsWithData(raw: Buffer): boolean {
  // "data: "
  return (
    raw[0] === 0x64 &&
    raw[1] === 0x61 &&
    raw[2] === 0x74 &&
    raw[3] === 0x61 &&
    raw[4] === 0x3a &&
    raw[5] === 0x20
  );
}

function dataOf(text: string): string | undefined {
  const lines: string[] = [];
  for (const line of text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)) {
    if (line === "data") lines.push("");
    else if (line.startsWith("data: ")) lines.push(line.slice(6));
    else if (line.startsWith("data:")) lines.push(line.slice(5));
  }
  return lines.length === 0 ? undefined : lines.join("\n");
}

/** One event with this data. The data holds no line break. */
export function eventBytes(data: string): Buffer {
  return Buffer.from(`data: ${data}\n\n`);
}

export const doneEvent: Buffer = eventBytes("[DONE]");
