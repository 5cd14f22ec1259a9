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
  #isInLine = false;
  #lastWasCr = false;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  push(bytes: Buffer): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    const hasCr = bytes.includes(CR);
    let start = 0;
    let next = 0;
    while (next < bytes.length) {
      const lineEnd = hasCr ? endOfLine(bytes, next) : endAtLf(bytes, next);
      if (lineEnd > next) {
        this.#isInLine = true;
        this.#lastWasCr = false;
      }
      if (lineEnd === bytes.length) break;
      next = lineEnd + 1;
      const isCr = bytes[lineEnd] === CR;
      // The second half of CRLF: its line has ended already.
      const isHalf = !isCr && this.#lastWasCr;
      this.#lastWasCr = isCr;
      if (isHalf) continue;
      if (this.#isInLine) {
        this.#isInLine = false;
        continue;
      }
      if (isCr && bytes[next] === LF) {
        next++;
        this.#lastWasCr = false;
      }
      events.push(new WholeEvent(this.#take(bytes.subarray(start, next))));
      start = next;
    }
    if (start < bytes.length) this.#wait(start === 0 ? bytes : bytes.subarray(start));
    return events;
  }

  /** What is left when the stream ends: an event whose blank line never came, or undefined. */
  flush(): ServerSentEvent | undefined {
    if (this.#waitingBytes === 0) return undefined;
    const rest = this.#take(Buffer.alloc(0));
    this.#isInLine = false;
    return new WholeEvent(Buffer.concat([rest, Buffer.from("\n\n")]));
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

/** Its data is read on demand: most events are known by their bytes. */
class WholeEvent implements ServerSentEvent {
  readonly raw: Buffer;

  constructor(raw: Buffer) {
    this.raw = raw;
  }

  get data(): string | undefined {
    const { raw } = this;
    return isPlainEvent(raw) ? raw.toString("utf8", 6, raw.length - 2) : dataOf(raw.toString("utf8"));
  }
}

/** One line, `data: ` and something, and a blank one, as nearly every event of an LLM. */
function isPlainEvent(raw: Buffer): boolean {
  return raw.indexOf(LF) === raw.length - 2 && raw.indexOf(CR) === -1 && startsWithData(raw);
}

function endAtLf(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(LF, from);
  return at === -1 ? bytes.length : at;
}

function endOfLine(bytes: Buffer, from: number): number {
  let at = from;
  for (; at < bytes.length; at++) if (bytes[at] === LF || bytes[at] === CR) break;
  return at;
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
