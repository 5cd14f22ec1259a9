/**
 * Sends requests at a rate of its own, whatever comes back, and prints what did as one line of JSON:
 * `node bench/overload-load.ts PORT REQUESTS_PER_SECOND SECONDS`. Arrivals are a Poisson process, and a request that finds no
 * free connection waits for one. Latency counts from when a request was due, so that a sender that falls behind hides nothing.
 */
import { connect, type Socket } from "node:net";
import { answerFault } from "./answers.ts";
import { type AnswerReader, createAnswerReader } from "./http-reader.ts";
import { scenarioOf } from "./scenarios.ts";
import { frames } from "./target.ts";

export interface OverloadResult {
  /** The first seconds, in which an overload has to be noticed, and all that came later. */
  readonly onset: Phase;
  readonly steady: Phase;
  /** The first things that went wrong. */
  readonly errors: readonly string[];
}

/** Latencies in milliseconds. */
interface Phase {
  readonly seconds: number;
  /** Of answers with every byte right. */
  readonly acceptedMs: number[];
  readonly refusedMs: number[];
  /** Of `/healthz`, asked ten times a second on a new connection each. */
  readonly healthMs: number[];
}

interface Client {
  readonly socket: Socket;
  reader: AnswerReader | undefined;
  dueAt: number;
}

const [port = 0, perSecond = 0, seconds = 0] = process.argv.slice(2).map(Number);
const requests = frames(scenarioOf("plain").request, port, {});
const connections = 2000;

const onsetSeconds = 3;
const onset: Phase = { seconds: onsetSeconds, acceptedMs: [], refusedMs: [], healthMs: [] };
const steady: Phase = { seconds: seconds - onsetSeconds, acceptedMs: [], refusedMs: [], healthMs: [] };
const errors: string[] = [];
const free: Client[] = [];
const waiting: number[] = [];
let sent = 0;
let open = 0;

// Before the clock runs: clients and load balancers have their connections.
while (free.length < connections) free.push(...(await Promise.all(Array.from({ length: 100 }, openClient))));
const startedAt = performance.now();
const endsAt = startedAt + seconds * 1000;
let dueAt = startedAt;
const health = setInterval(askHealth, 100);
sendDue();

function sendDue(): void {
  const now = performance.now();
  while (dueAt <= now && dueAt < endsAt) {
    send(dueAt);
    dueAt += (-Math.log(1 - Math.random()) / perSecond) * 1000;
  }
  if (dueAt < endsAt) setTimeout(sendDue, 1);
  else setTimeout(finish, 100);
}

function send(due: number): void {
  const client = free.shift();
  if (client === undefined) waiting.push(due);
  else write(client, due);
}

function openClient(): Promise<Client> {
  const { promise, resolve } = Promise.withResolvers<Client>();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const client: Client = { socket, reader: undefined, dueAt: 0 };
  socket.on("connect", () => resolve(client));
  socket.on("data", (piece: Buffer) => {
    if (client.reader?.read(piece) !== true) return;
    note(client.reader, client.dueAt);
    client.reader = undefined;
    open -= 1;
    const due = waiting.shift();
    if (due === undefined) free.push(client);
    else write(client, due);
  });
  socket.on("error", ({ message }) => fail(message));
  socket.on("close", () => {
    if (client.reader !== undefined) fail("a connection closed before its answer was complete");
  });
  return promise;
}

function write(client: Client, due: number): void {
  client.reader = createAnswerReader();
  client.dueAt = due;
  open += 1;
  client.socket.write(requests[sent++ % requests.length] ?? Buffer.alloc(0));
}

function phaseOf(due: number): Phase {
  return due - startedAt < onsetSeconds * 1000 ? onset : steady;
}

function note({ status, body }: AnswerReader, due: number): void {
  const latency = performance.now() - due;
  if (status === 503 && body.includes('"overloaded"')) phaseOf(due).refusedMs.push(latency);
  else if (status === 200 && answerFault(body.toString(), false, "bytes") === undefined)
    phaseOf(due).acceptedMs.push(latency);
  else fail(`status ${status}: ${body.toString("utf8", 0, 200)}`);
}

function askHealth(): void {
  const askedAt = performance.now();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const reader = createAnswerReader();
  socket.write(`GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
  socket.on("data", (piece: Buffer) => {
    if (!reader.read(piece)) return;
    phaseOf(askedAt).healthMs.push(performance.now() - askedAt);
    if (reader.status !== 200) fail(`/healthz answered ${reader.status}`);
    socket.destroy();
  });
  socket.on("error", ({ message }) => fail(`/healthz: ${message}`));
}

/** Those that are under way get two seconds. */
function finish(): void {
  clearInterval(health);
  if (open > 0 && performance.now() < endsAt + 2000) {
    setTimeout(finish, 20);
    return;
  }
  const left = open + waiting.length;
  if (left > 0) fail(`${left} requests had no answer within two seconds of the end`);
  const result: OverloadResult = { onset, steady, errors };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
}

function fail(message: string): void {
  if (errors.length < 5) errors.push(message);
}
