/** The least that a proxy on Node can do, as a yardstick: `node bench/relay.ts PORT UPSTREAM_ORIGIN`. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Dispatcher, Pool } from "undici";

const port = Number(process.argv[2]);
const pool = new Pool(process.argv[3] ?? "", { connections: 4_096, pipelining: 1 });

const server = createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => relay(request, Buffer.concat(parts), response));
});
server.listen({ port, host: "127.0.0.1", backlog: 4_096 });

function relay(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const headers = { "content-type": request.headers["content-type"] ?? "application/json" };
  const options: Dispatcher.DispatchOptions = {
    path: request.url ?? "/",
    method: "POST",
    headers,
    body,
  };
  pool.dispatch(options, answerTo(response));
}

function answerTo(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    // undici takes no handler without it.
    onRequestStart() {},
    onResponseStart(controller, status, headers) {
      response.writeHead(status, allowed(headers));
      response.on("drain", () => controller.resume());
      response.on("close", () => {
        if (!response.writableFinished) controller.abort(new Error("the client hung up"));
      });
    },
    onResponseData(controller, chunk) {
      if (!response.write(chunk)) controller.pause();
    },
    onResponseEnd() {
      response.end();
    },
    onResponseError(_controller, error) {
      response.destroy(error);
    },
  };
}

type ResponseHeaders = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2];

function allowed(headers: ResponseHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ["content-type", "content-length", "cache-control"]) {
    const value = headers[name];
    if (typeof value === "string") kept[name] = value;
  }
  return kept;
}
