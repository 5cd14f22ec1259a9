/**
 * Opens streams and keeps them open: `node bench/hold.ts PORT SCENARIO CONNECTIONS [TARGET]`. Says `open` when each has had its first event;
 * prints how late the events since then came, as one line of JSON, when its standard input ends.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { nowUs } from "./clock.ts";
import { createAnswerReader } from "./http-reader.ts";
import { stampPattern } from "./messages.ts";
import { scenarioOf } from "./scenarios.ts";
import { frames, parseTarget } from "./target.ts";

export interface HoldResult {
  readonly errors: readonly string[];
  readonly eventMs: readonly number[];
}

const [portText, scenarioText = "", connectionsText, targetText] = process.argv.slice(2);
const port = Number(portText);
const connections = Number(connectionsText);
const requests = frames(scenarioOf(scenarioText).request, port, parseTarget(targetText));
const perTick = 10;

const errors: string[] = [];
const eventMs: number[] = [];
const sockets: Socket[] = [];
let open = 0;

process.stdin.once("end", finish).resume();
for (let index = 0; index < connections; index++) {
  hold(index);
  // All at once would measure the listen queue.
  if (index % perTick === 0) await delay(10);
}

function hold(index: number): void {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  sockets.push(socket);
  const reader = createAnswerReader();
  let isOpen = false;
  socket.write(requests[index % requests.length] ?? Buffer.alloc(0));
  socket.on("data", (piece: Buffer) => {
    const at = nowUs();
    if (reader.read(piece) || reader.status !== 200) fail(`an early end: ${piece.toString("utf8", 0, 300)}`);
    const stamps = [...piece.toString("latin1").matchAll(stampPattern)];
    if (open === connections) for (const [, stamp] of stamps) eventMs.push((at - Number(stamp)) / 1_000);
    if (isOpen || stamps.length === 0) return;
    isOpen = true;
    open += 1;
    if (open === connections) process.stdout.write("open\n");
  });
  socket.on("error", (error) => fail(error.message));
  socket.on("close", () => fail("a stream was closed"));
}

function fail(message: string): void {
  errors.push(message);
  if (errors.length === 1) finish();
}

function finish(): void {
  for (const socket of sockets)
    socket
      .removeAllListeners()
      .on("error", () => {})
      .destroy();
  const result: HoldResult = { errors: errors.slice(0, 5), eventMs };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
}
