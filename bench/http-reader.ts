import { nowUs } from "./clock.ts";

/** Reads HTTP/1.1 answers off one keep-alive connection: by length or in chunks, whole or in whatever pieces the socket gives. */
export interface AnswerReader {
  /** Returns true when the answer is complete; throws on anything that is not the HTTP it knows. */
  read(piece: Buffer): boolean;
  readonly status: number;
  readonly body: Buffer;
  /** When the body's bytes came: one entry for each piece, with the body's length from then on. */
  readonly arrivals: readonly Arrival[];
}

interface Arrival {
  readonly atUs: number;
  readonly length: number;
}

export function createAnswerReader(): AnswerReader {
  return new Reader();
}

const endOfHead = Buffer.from("\r\n\r\n");

class Reader implements AnswerReader {
  status = 0;
  readonly arrivals: Arrival[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #length = 0;
  /** Bytes that the head announced; undefined where the body comes in chunks. */
  #wanted: number | undefined;

  get body(): Buffer {
    return this.#parts.length === 1 && this.#parts[0] !== undefined
      ? this.#parts[0]
      : Buffer.concat(this.#parts);
  }

  read(piece: Buffer): boolean {
    this.#pending = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
    if (this.status === 0 && !this.#readHead()) return false;
    return this.#wanted === undefined ? this.#readChunks() : this.#readLength(this.#wanted);
  }

  #readHead(): boolean {
    const end = this.#pending.indexOf(endOfHead);
    if (end === -1) return false;
    const head = this.#pending.toString("latin1", 0, end).toLowerCase();
    this.#pending = this.#pending.subarray(end + endOfHead.length);
    this.status = Number(/^http\/1\.1 (\d{3})/.exec(head)?.[1]);
    if (!/\r\ntransfer-encoding: *chunked/.test(head))
      this.#wanted = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1]);
    if (!Number.isInteger(this.status) || Number.isNaN(this.#wanted))
      throw new Error(`unreadable head: ${head}`);
    return true;
  }

  #readLength(wanted: number): boolean {
    this.#keep(this.#pending);
    this.#pending = Buffer.alloc(0);
    if (this.#length > wanted)
      throw new Error(`${this.#length - wanted} bytes beyond the announced ${wanted}`);
    return this.#length === wanted;
  }

  #readChunks(): boolean {
    for (;;) {
      const lineEnd = this.#pending.indexOf("\r\n");
      if (lineEnd === -1) return false;
      const size = Number.parseInt(this.#pending.toString("latin1", 0, lineEnd), 16);
      if (Number.isNaN(size)) throw new Error("a chunk without a size");
      const end = lineEnd + 2 + size + 2;
      if (this.#pending.length < end) return false;
      this.#keep(this.#pending.subarray(lineEnd + 2, end - 2));
      this.#pending = this.#pending.subarray(end);
      if (size === 0) return true;
    }
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#length += part.length;
    this.arrivals.push({ atUs: nowUs(), length: this.#length });
  }
}
