/** A language model that always says the same: `node bench/upstream.ts PORT CHUNK_INTERVAL_MS`. */
import { createServer, type ServerResponse } from "node:http";
import { completionBody, streamChunks } from "./messages.ts";

const port = Number(process.argv[2]);
const chunkIntervalMs = Number(process.argv[3]);

const server = createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => answer(Buffer.concat(parts), response));
});
server.listen(port, "127.0.0.1");

function answer(body: Buffer, response: ServerResponse): void {
  if (body.includes('"stream":true')) {
    streamAnswer(response);
    return;
  }
  response.writeHead(200, { "content-type": "application/json", "content-length": completionBody.length });
  response.end(completionBody);
}

/** One chunk each tick: written together they would arrive as one, and a relay would have nothing to relay. */
function streamAnswer(response: ServerResponse): void {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
  let next = 0;
  const timer = setInterval(() => {
    response.write(streamChunks[next++]);
    if (next < streamChunks.length) return;
    clearInterval(timer);
    response.end();
  }, chunkIntervalMs);
  response.on("close", () => clearInterval(timer));
}
