/**
 * A language model that always says the same: `node bench/upstream.ts PORT`. A request may ask in its messages for
 * `#delay=MS#` before the answer, `#interval=MS#` between the chunks of a stream, or `#flood=MB#`, as fast as it is read.
 */
import { createServer, type ServerResponse } from "node:http";
import { nowUs } from "./clock.ts";
import { blankStamp, completionBody, floodChunk, streamChunks } from "./messages.ts";

const port = Number(process.argv[2]);
const usualIntervalMs = 10;

const server = createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => answer(Buffer.concat(parts), response));
});
server.listen({ port, host: "127.0.0.1", backlog: 4_096 });

function answer(body: Buffer, response: ServerResponse): void {
  const [floodMb, delayMs] = [wish(body, "flood"), wish(body, "delay")];
  if (floodMb !== undefined) flood(response, floodMb);
  else if (/"stream": ?true/.test(body.toString("latin1"))) streamAnswer(response, wish(body, "interval"));
  else if (delayMs !== undefined) setTimeout(whole, delayMs, response);
  else whole(response);
}

function wish(body: Buffer, name: string): number | undefined {
  const at = body.lastIndexOf(`#${name}=`);
  return at === -1 ? undefined : Number.parseInt(body.toString("latin1", at + name.length + 2, at + 20), 10);
}

function whole(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": completionBody.length });
  response.end(completionBody);
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
}

/** One chunk each tick: written together they would arrive as one, and a relay would have nothing to relay. */
function streamAnswer(response: ServerResponse, intervalMs = usualIntervalMs): void {
  openStream(response);
  let next = 0;
  const timer = setInterval(() => {
    response.write(stamped(streamChunks[next++] ?? ""));
    if (next < streamChunks.length) return;
    clearInterval(timer);
    response.end();
  }, intervalMs);
  response.on("close", () => clearInterval(timer));
}

function stamped(chunk: string): string {
  return chunk.replace(blankStamp, `@${String(nowUs()).padStart(16, "0")}`);
}

function flood(response: ServerResponse, megabytes: number): void {
  openStream(response);
  let left = Math.ceil((megabytes * 1_048_576) / floodChunk.length);
  const pour = () => {
    while (left > 0) {
      left -= 1;
      if (!response.write(floodChunk)) return;
    }
    response.end("data: [DONE]\n\n");
  };
  response.on("drain", pour);
  pour();
}
