/** Where a message began whose length is not known yet. */
export type Mark = number;

const initialBytes = 16_384;
/** Most messages are from 128 to 16,383 bytes long: their length takes two, and nothing moves when it is known. */
const lengthBytes = 2;

/**
 * Protobuf (proto3's wire format) in one pass into a buffer that grows. Lengths are the shortest varints; a tag is
 * `field << 3 | wire type`, one byte, as all tags of OTLP's first fifteen fields are.
 */
export class ProtobufWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  #at = 0;

  /** Bytes written, and the place of the next. */
  get length(): number {
    return this.#at;
  }

  /** Bytes that it holds at once. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** What stands in `[start, end)`, not copied: it holds until the writer is used again. */
  view(start: number, end: number): Buffer {
    return this.#bytes.subarray(start, end);
  }

  /** Writes on from here; what was written behind it is forgotten. */
  moveTo(at: number): void {
    this.#reserve(at - this.#at);
    this.#at = at;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** An integer from -2^63 to 2^63 - 1, as far as a number can tell it; negative ones take ten bytes. */
  varint(value: number): void {
    this.#reserve(10);
    if (value >= 0 && value < 0x1_0000_0000) this.#varint(value, 0);
    else {
      // `>>> 0` is modulo 2^32, of negative numbers too: the two halves of the two's complement.
      this.#varint(value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0);
    }
  }

  fixed32(value: number): void {
    this.#reserve(4);
    const bytes = this.#bytes;
    let at = this.#at;
    // `writeUInt32LE` asks more of its arguments than this takes.
    bytes[at++] = value;
    bytes[at++] = value >>> 8;
    bytes[at++] = value >>> 16;
    bytes[at++] = value >>> 24;
    this.#at = at;
  }

  /** An unsigned integer below 2^64, exact as far as the number is. */
  fixed64(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.fixed32(value - high * 0x1_0000_0000);
    this.fixed32(high);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** Bytes given as lower-case hexadecimal digits. */
  hex(tag: number, digits: string): void {
    const size = digits.length >>> 1;
    this.#reserve(size + 2);
    this.#bytes[this.#at] = tag;
    this.#bytes[this.#at + 1] = size;
    this.#bytes.write(digits, this.#at + 2, "hex");
    this.#at += size + 2;
  }

  /** A string field. */
  text(tag: number, value: string): void {
    this.#reserve(value.length * 3 + 6);
    this.#bytes[this.#at++] = tag;
    const start = this.#at;
    if (value.length < 128) {
      this.#at += 1;
      if (this.#ascii(value)) {
        this.#bytes[start] = value.length;
        return;
      }
      this.#at = start;
    }
    this.varint(Buffer.byteLength(value));
    this.#at += this.#bytes.write(value, this.#at);
  }

  /** OTLP's KeyValue with a text; `head` is all of it that stands before the value. */
  keyedText(tag: number, head: Uint8Array, value: string): void {
    this.#reserve(head.length + value.length * 3 + 24);
    const size = head.length + value.length + 3;
    if (size < 128) {
      const start = this.#at;
      const bytes = this.#bytes;
      bytes[start] = tag;
      bytes[start + 1] = size;
      bytes.set(head, start + 2);
      const at = start + 2 + head.length;
      bytes[at] = value.length + 2;
      bytes[at + 1] = 0x0a;
      bytes[at + 2] = value.length;
      this.#at = at + 3;
      if (this.#ascii(value)) return;
      this.#at = start;
    }
    const length = Buffer.byteLength(value);
    this.keyed(tag, head, 1 + varintBytes(length) + length);
    this.text(0x0a, value);
  }

  /** A KeyValue up to its value, which has `size` bytes and comes next. */
  keyed(tag: number, head: Uint8Array, size: number): void {
    this.byte(tag);
    this.varint(head.length + varintBytes(size) + size);
    this.raw(head);
    this.varint(size);
  }

  /** Begins a message within the message. */
  open(tag: number): Mark {
    this.#reserve(1 + lengthBytes);
    this.#bytes[this.#at] = tag;
    this.#at += 1 + lengthBytes;
    return this.#at;
  }

  /** Ends it: its length goes before it. */
  close(mark: Mark): void {
    const length = this.#at - mark;
    const start = mark - lengthBytes;
    if (length < 128 || length >= 16_384) {
      this.#reserve(4);
      const moved = start + varintBytes(length);
      this.#bytes.copyWithin(moved, mark, this.#at);
    }
    this.#at = start;
    this.#varint(length, 0);
    this.#at += length;
  }

  /** One short piece of ASCII; false, and nothing is written, when it is neither. */
  #ascii(value: string): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  /** `high` and `low` are unsigned halves of 64 bits; there is room. */
  #varint(low: number, high: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (high > 0 || low > 127) {
      bytes[at++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    bytes[at++] = low;
    this.#at = at;
  }

  #reserve(size: number): void {
    if (this.#at + size > this.#bytes.length) this.#grow(this.#at + size);
  }

  #grow(needed: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bytes;
  }
}

/** Bytes of an integer as a varint. */
export function varintBytes(value: number): number {
  if (value < 0) return 10;
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
