/** Random ids: UUIDv7 (RFC 9562, 5.7) for requests, W3C trace and span ids. */
import { randomFillSync } from "node:crypto";

export interface Ids {
  /** Time-ordered, so that a store's index grows at its end. */
  requestId(): string;
  /** 32 hex digits, never all zero. */
  traceId(): string;
  /** 16 hex digits, never all zero. */
  spanId(): string;
}

const poolBytes = 4096;
const noTrace = "0".repeat(32);
const noSpan = "0".repeat(16);

/** `now` gives epoch milliseconds. A clock that jumps back does not: ids stay in order within the process. */
export function createIds(now: () => number): Ids {
  const pool = Buffer.alloc(poolBytes);
  let used = poolBytes;
  let latest = 0;
  let sequence = 0;

  const random = (bytes: number): Buffer => {
    // One system call for hundreds of ids.
    if (used + bytes > poolBytes) {
      randomFillSync(pool);
      used = 0;
    }
    used += bytes;
    return pool.subarray(used - bytes, used);
  };
  // Digits of a whole pool at once: to turn each id by itself took 0.3 µs, and a request has six.
  let digits = "";
  let cut = 0;
  const hex = (length: number, none: string): string => {
    if (cut + length > digits.length) {
      digits = randomFillSync(Buffer.alloc(poolBytes)).toString("hex");
      cut = 0;
    }
    cut += length;
    const id = digits.slice(cut - length, cut);
    return id === none ? hex(length, none) : id;
  };

  return {
    requestId() {
      const time = Math.max(latest, now());
      sequence = time === latest ? sequence + 1 : 0;
      // 12 bits count within a millisecond; more than that borrow from the next one.
      latest = sequence > 0xfff ? time + 1 : time;
      if (sequence > 0xfff) sequence = 0;
      const bytes = Buffer.from(random(16));
      bytes.writeUIntBE(latest, 0, 6);
      bytes.writeUInt16BE(0x7000 | sequence, 6);
      bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
      const hex = bytes.toString("hex");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
    traceId: () => hex(32, noTrace),
    spanId: () => hex(16, noSpan),
  };
}
