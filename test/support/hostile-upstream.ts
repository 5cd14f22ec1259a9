import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Worker } from "node:worker_threads";

/**
 * Gets one whole HTTP request, head and body as they came, and may write, split, delay or destroy as it
 * likes.
 */
export type HostileHandler = (socket: Socket, request: Buffer) => void;

export interface HostileUpstream {
  readonly url: string;
  readonly port: number;
  /** Every request so far, in order, whatever its connection. */
  readonly requests: readonly Buffer[];
  /** Connections accepted so far. */
  connections(): number;
  /** Bytes read so far, those of unfinished requests included. */
  bytesRead(): number;
  close(): Promise<void>;
}

/**
 * A server below HTTP: it reads requests, one for each keep-alive turn, and leaves every byte of the answer
 * to the test.
 */
export async function startHostileUpstream(handler: HostileHandler): Promise<HostileUpstream> {
  const sockets = new Set<Socket>();
  const requests: Buffer[] = [];
  let accepted = 0;
  let bytesRead = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (piece) => {
      bytesRead += piece.length;
    });
    // Resets are what these tests are about; 'close' follows.
    socket.on("error", () => undefined);
    readRequests(socket, (request) => {
      requests.push(request);
      handler(socket, request);
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/v1`,
    port,
    requests,
    connections: () => accepted,
    bytesRead: () => bytesRead,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return closed(server);
    },
  };
}

/** The body of a request that the handler got, its chunked encoding undone. */
export function bodyOf(request: Buffer): Buffer {
  return splitRequest(request)?.body ?? Buffer.alloc(0);
}

/** An answer with a length, keep-alive. */
export function wholeAnswer(
  body: string,
  headers: readonly string[] = ["content-type: application/json"],
): string {
  const head = ["HTTP/1.1 200 OK", ...headers, `content-length: ${Buffer.byteLength(body)}`];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** The head of a chunked event stream; `chunkOf` frames what follows and `lastChunk` ends it. */
export const streamHead =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
export const lastChunk = "0\r\n\r\n";

export function chunkOf(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/**
 * Writes pieces of `size` bytes, each in a turn of the event loop of its own, so that they travel as packets
 * of their own.
 */
export async function writeInPieces(socket: Socket, bytes: string | Buffer, size = 1): Promise<void> {
  const all = Buffer.from(bytes);
  for (let at = 0; at < all.length && !socket.destroyed; at += size) {
    await new Promise((resolve) => socket.write(all.subarray(at, at + size), resolve));
  }
}

/** Answers the first request of each connection well, and resets the connection as its second one arrives. */
export function keepAliveRace(answer: string): HostileHandler {
  const answered = new WeakSet<Socket>();
  return (socket) => {
    if (answered.has(socket)) {
      socket.resetAndDestroy();
      return;
    }
    answered.add(socket);
    socket.write(answer);
  };
}

/** A port on which nothing listens: it was free a moment ago. */
export async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await closed(server);
  return port;
}

export interface Blackhole {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A port on which connecting hangs. The listener lives in a thread that never returns to its event loop, so
 * nothing is accepted, and its backlog is full. Linux drops the SYN then (listen(2), `tcp_abort_on_overflow`
 * 0); other systems may refuse instead.
 */
export async function startBlackhole(): Promise<Blackhole> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(sleepingListener, { eval: true, workerData: { gate, backlog } });
  const [port]: unknown[] = await once(worker, "message");
  if (typeof port !== "number") throw new Error("the listening thread sent no port");
  const fillers: Socket[] = [];
  // Linux lets one connection more than the backlog into the queue.
  while (fillers.length <= backlog) {
    const filler = connect(port, "127.0.0.1");
    filler.on("error", () => undefined);
    await once(filler, "connect");
    fillers.push(filler);
  }
  return {
    port,
    close: async () => {
      for (const filler of fillers) filler.destroy();
      Atomics.notify(gate, 0);
      await worker.terminate();
    },
  };
}

const backlog = 1;

const sleepingListener = `
  const { createServer } = require("node:net");
  const { parentPort, workerData } = require("node:worker_threads");
  const server = createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: workerData.backlog }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(workerData.gate, 0, 0);
  });
`;

function readRequests(socket: Socket, onRequest: (request: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  socket.on("data", (piece) => {
    pending = Buffer.concat([pending, Buffer.from(piece)]);
    for (let split = splitRequest(pending); split !== undefined; split = splitRequest(pending)) {
      const request = pending.subarray(0, split.end);
      pending = pending.subarray(split.end);
      onRequest(request);
    }
  });
}

interface SplitRequest {
  /** Where the request ends within the bytes. */
  readonly end: number;
  readonly body: Buffer;
}

/** The first request in the bytes, or undefined while it is not whole. */
function splitRequest(bytes: Buffer): SplitRequest | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = bytes.subarray(0, headEnd).toString("latin1");
  const start = headEnd + 4;
  if (/^transfer-encoding:\s*chunked\s*$/im.test(head)) return splitChunked(bytes, start);
  const length = Number(/^content-length:\s*(\d+)\s*$/im.exec(head)?.[1] ?? 0);
  const end = start + length;
  return bytes.length < end ? undefined : { end, body: bytes.subarray(start, end) };
}

function splitChunked(bytes: Buffer, start: number): SplitRequest | undefined {
  const pieces: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    const next = lineEnd + 2 + size + 2;
    if (!Number.isInteger(size) || bytes.length < next) return undefined;
    if (size === 0) return { end: next, body: Buffer.concat(pieces) };
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A TCP listener's address is always an object; only pipes have a string.
  return (server.address() as AddressInfo).port;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
