/**
 * Sends a fixed number of requests over keep-alive connections and prints what came back, as one line of JSON:
 * `node bench/load.ts PORT SCENARIO CONNECTIONS COUNT`. A process of its own, so that no proxy shares its event loop.
 */
import { connect, type Socket } from "node:net";
import { type AnswerReader, createAnswerReader } from "./http-reader.ts";
import { expectedBody, requestBodies, type Scenario } from "./messages.ts";

export interface LoadResult {
  readonly answers: number;
  /** The first things that went wrong; any makes the whole run fail. */
  readonly errors: readonly string[];
  readonly wallMs: number;
  readonly latenciesMs: readonly number[];
  readonly firstByteMs: readonly number[];
}

const [portText, scenarioText, connectionsText, countText] = process.argv.slice(2);
const port = Number(portText);
const scenario: Scenario = scenarioText === "stream" ? "stream" : "plain";
const expected = expectedBody(scenario);
const requests = requestBodies(scenario).map(frame);

const errors: string[] = [];
const latenciesMs: number[] = [];
const firstByteMs: number[] = [];
let remaining = Number(countText);
let sent = 0;

const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(connectionsText) }, () => runConnection()));
const result: LoadResult = {
  answers: latenciesMs.length,
  errors: errors.slice(0, 5),
  wallMs: performance.now() - startedAt,
  latenciesMs,
  firstByteMs,
};
process.stdout.write(`${JSON.stringify(result)}\n`);

function frame(body: Buffer): Buffer {
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    `host: 127.0.0.1:${port}`,
    "content-type: application/json",
    "accept: application/json",
    "authorization: Bearer bench",
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

/** One request after another on one connection, until none is left; resolves when it is done or broken. */
function runConnection(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let reader: AnswerReader | undefined;
  let sentAt = 0;
  const next = () => {
    if (remaining === 0 || errors.length > 0) return void socket.end();
    remaining -= 1;
    reader = createAnswerReader();
    sentAt = performance.now();
    socket.write(requests[sent++ % requests.length] ?? Buffer.alloc(0));
  };
  socket.on("connect", next);
  socket.on("data", (piece: Buffer) => {
    if (!isComplete(reader, piece, socket)) return;
    note(reader, sentAt);
    reader = undefined;
    next();
  });
  socket.setTimeout(30_000, () => socket.destroy(new Error("30 s of silence")));
  socket.on("error", (error) => errors.push(error.message));
  socket.on("close", () => {
    if (reader !== undefined) errors.push("the connection closed before the answer was complete");
    resolve();
  });
  return promise;
}

function isComplete(reader: AnswerReader | undefined, piece: Buffer, socket: Socket): boolean {
  try {
    return reader?.read(piece) === true;
  } catch (error) {
    socket.destroy(error instanceof Error ? error : new Error(String(error)));
    return false;
  }
}

function note(reader: AnswerReader | undefined, sentAt: number): void {
  latenciesMs.push(performance.now() - sentAt);
  firstByteMs.push((reader?.firstByteAt ?? performance.now()) - sentAt);
  if (reader?.status !== 200)
    errors.push(`status ${reader?.status}: ${reader?.body.toString("utf8", 0, 300)}`);
  else if (!reader.body.equals(expected)) errors.push(`wrong bytes: ${reader.body.toString("utf8", 0, 300)}`);
}
