import type { ServerResponse } from "node:http";

/** Puts the pieces of one body into what its connection carries. */
export interface BodyFraming {
  /** `bytes` may be empty; what comes back then is too. */
  piece(bytes: Buffer): Buffer;
  /** The last piece, if there is one, and the end of the body. */
  last(bytes?: Buffer): Buffer | undefined;
}

/**
 * The framing of a body whose head is written; pieces go to `response.write` and the last to `response.end`. node writes
 * a chunk (RFC 9112, 7.1) as four buffers through `writev`; as one buffer it costs 1.2 us less of 6, and a tenth less
 * between two wake-ups. So an answer that would be chunked is told that it is not, and its chunks are made here. One with
 * a length, one for HTTP/1.0 and one without a body stay as they are.
 */
export function takeFraming(response: ServerResponse): BodyFraming {
  if (!response.chunkedEncoding) return bare;
  response.chunkedEncoding = false;
  return chunked;
}

const bare: BodyFraming = { piece: (bytes) => bytes, last: (bytes) => bytes };

const chunked: BodyFraming = {
  // A chunk of no bytes would be the end.
  piece: (bytes) => (bytes.length === 0 ? bytes : chunkOf(bytes)),
  last: (bytes) => (bytes === undefined ? endOfChunks : Buffer.concat([chunked.piece(bytes), endOfChunks])),
};

const endOfChunks = Buffer.from("0\r\n\r\n");

function chunkOf(bytes: Buffer): Buffer {
  const size = bytes.length.toString(16);
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 4);
  chunk.write(size, "latin1");
  endLine(chunk, size.length);
  chunk.set(bytes, size.length + 2);
  endLine(chunk, chunk.length - 2);
  return chunk;
}

function endLine(bytes: Buffer, at: number): void {
  bytes[at] = 0x0d;
  bytes[at + 1] = 0x0a;
}
