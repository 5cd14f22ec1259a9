/** Takes OTLP over HTTP and counts it, so that a proxy pays for its telemetry to the last byte: `node bench/otlp-sink.ts PORT`. */
import { createServer } from "node:http";

const received: Record<string, number> = {};

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.end(JSON.stringify(received));
    return;
  }
  const path = request.url ?? "/";
  request.on("data", (part: Buffer) => {
    received[path] = (received[path] ?? 0) + part.length;
  });
  request.on("end", () => {
    // An empty protobuf message is the whole of a full success.
    response.writeHead(200, { "content-type": "application/x-protobuf", "content-length": 0 }).end();
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
