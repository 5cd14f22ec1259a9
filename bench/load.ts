/**
 * Sends requests over keep-alive connections and prints what came back, as one line of JSON:
 * `node bench/load.ts PORT SCENARIO CONNECTIONS COUNT [TARGET]`. A process of its own, so that no proxy shares its event loop.
 */
import { connect, type Socket } from "node:net";
import { answerFault } from "./answers.ts";
import { nowUs } from "./clock.ts";
import { createAnswerReader } from "./http-reader.ts";
import { stampPattern } from "./messages.ts";
import { scenarioOf } from "./scenarios.ts";
import { frames, parseTarget } from "./target.ts";

export interface Timings {
  readonly latenciesMs: number[];
  /** To the first byte of the body. */
  readonly firstByteMs: number[];
  /** From the upstream's writing of an event to its arrival here. */
  readonly eventMs: number[];
}

/** The timings are the candidate's. */
export interface LoadResult extends Timings {
  readonly answers: number;
  /** The first things that went wrong; any makes the whole run fail. */
  readonly errors: readonly string[];
  readonly wallMs: number;
  /** Of the same requests sent to the upstream itself, one for one; empty unless the target has its port. */
  readonly direct: Timings;
}

const [portText, scenarioText = "", connectionsText, countText, targetText] = process.argv.slice(2);
const port = Number(portText);
const { request: shape } = scenarioOf(scenarioText);
const target = parseTarget(targetText);

const toCandidate = frames(shape, port, target);
const toUpstream = frames(shape, target.directPort ?? port, {});

const errors: string[] = [];
const timings: Timings = { latenciesMs: [], firstByteMs: [], eventMs: [] };
const direct: Timings = { latenciesMs: [], firstByteMs: [], eventMs: [] };
let remaining = Number(countText);
let sent = 0;

const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(connectionsText) }, () => runUser()));
const wallMs = performance.now() - startedAt;
const answers = timings.latenciesMs.length;
const result: LoadResult = { answers, errors: errors.slice(0, 5), wallMs, ...timings, direct };
process.stdout.write(`${JSON.stringify(result)}\n`);

/** One request after another until none is left, in turn to the upstream itself and to the candidate where both are wanted. */
async function runUser(): Promise<void> {
  const socket = await connected(port);
  const beside = target.directPort === undefined ? undefined : await connected(target.directPort);
  try {
    while (remaining > 0 && errors.length === 0 && performance.now() - startedAt < target.mostMs) {
      remaining -= 1;
      const index = sent++ % toCandidate.length;
      if (beside !== undefined) await ask(beside, toUpstream[index], direct);
      await ask(socket, toCandidate[index], timings);
    }
  } catch (error) {
    errors.push(error instanceof Error ? error.message : String(error));
  } finally {
    socket.destroy();
    beside?.destroy();
  }
}

function connected(to: number): Promise<Socket> {
  const socket = connect({ port: to, host: "127.0.0.1", noDelay: true });
  socket.setTimeout(30_000, () => socket.destroy(new Error("30 s of silence")));
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

function ask(socket: Socket, frame: Buffer | undefined, into: Timings): Promise<void> {
  const reader = createAnswerReader();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const closed = () => reject(new Error("the connection closed before the answer was complete"));
  const read = (piece: Buffer) => {
    try {
      if (!reader.read(piece)) return;
      note(reader, sentAtUs, into);
      resolve();
    } catch (error) {
      reject(error);
    }
  };
  socket.on("data", read).on("error", reject).on("close", closed);
  const sentAtUs = nowUs();
  socket.write(frame ?? Buffer.alloc(0));
  return promise.finally(() => socket.off("data", read).off("error", reject).off("close", closed));
}

function note(reader: ReturnType<typeof createAnswerReader>, sentAtUs: number, into: Timings): void {
  const { arrivals, status } = reader;
  const body = reader.body.toString();
  const fault =
    status === 200
      ? answerFault(body, shape.isStream, into === direct ? "bytes" : target.check)
      : `status ${status}: ${body.slice(0, 300)}`;
  if (fault !== undefined) throw new Error(fault);
  into.latenciesMs.push((nowUs() - sentAtUs) / 1_000);
  into.firstByteMs.push(((arrivals[0]?.atUs ?? Number.NaN) - sentAtUs) / 1_000);
  let piece = 0;
  for (const stamp of body.matchAll(stampPattern)) {
    const end = stamp.index + stamp[0].length;
    while ((arrivals[piece]?.length ?? Number.POSITIVE_INFINITY) < end) piece += 1;
    into.eventMs.push(((arrivals[piece]?.atUs ?? Number.NaN) - Number(stamp[1])) / 1_000);
  }
}
