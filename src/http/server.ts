/** node's HTTP server with the limits that keep it standing, and its own refusals in OpenAI's shape. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Failure } from "../domain/failure.ts";
import { errorBytes, writeError } from "./errors.ts";
import type { Gate } from "./gate.ts";
import { expectationFault, requestFault } from "./strict-request.ts";

/** How long a head may take, and how often that is looked at. */
export interface HeadTimes {
  readonly headersMs: number;
  readonly checkMs: number;
}

export function createHttpServer(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  maxConnections: number,
  { headersMs, checkMs }: HeadTimes = { headersMs: 10_000, checkMs: 5000 },
): Server {
  const server = createServer(
    {
      headersTimeout: headersMs,
      // A body has a limit of its own where it is read: an upload that is passed through may take its time.
      requestTimeout: 0,
      // Longer than the minute after which load balancers let go: they must be the ones to close.
      keepAliveTimeout: 72_000,
      connectionsCheckingInterval: checkMs,
      // Whatever flag node itself was started with.
      insecureHTTPParser: false,
      maxHeaderSize: 16 * 1024,
      // Refused below, in the shape of every other refusal.
      requireHostHeader: false,
      noDelay: true,
    },
    (request, response) => {
      // What node has read behind a refused request came in the same packet: it is no request of anybody's.
      if (condemned.has(request.socket)) return;
      noteAnswer(request.socket, response);
      const fault = requestFault(request);
      if (fault === undefined) listener(request, response);
      else refuseWhole(request, response, fault);
    },
  );
  // Without the second a worker that is full hands each connection on, to the next one that is full. (Node's types lack it.)
  Object.assign(server, { maxConnections, dropMaxConnection: true });
  server.on("clientError", refuseRaw);
  server.on("connect", (_request, socket) => refuseOn(socket, noTunnel));
  server.on("checkExpectation", (request, response) => refuseWhole(request, response, expectationFault()));
  return server;
}

/** Connections that end with the answer that is on its way. */
const condemned = new WeakSet<Duplex>();

function refuseWhole({ socket }: IncomingMessage, response: ServerResponse, failure: Failure): void {
  condemned.add(socket);
  writeError(response, failure, ["x-request-id", randomUUID(), "connection", "close"]);
}

/** Requests of one connection may be pipelined: several answers can be open on it. */
const answers = new WeakMap<Duplex, ServerResponse[]>();

/** Until it has left: an idle connection that kept its last answer would keep that request's body too. */
function noteAnswer(socket: Duplex, response: ServerResponse): void {
  const known = answers.get(socket);
  if (known === undefined) answers.set(socket, [response]);
  else known.push(response);
  response.on("close", () => {
    const open = answers.get(socket);
    open?.splice(open.indexOf(response), 1);
  });
}

export interface Listener {
  readonly server: Server;
  readonly port: number;
  readonly host: string;
}

/** Opens the listener and gives its port. Throws `config_invalid` for one that cannot be opened. */
export async function listenOn({ server, port, host }: Listener): Promise<number> {
  try {
    return await listen(server, port, host);
  } catch (cause) {
    throw new Failure("config_invalid", `Cannot listen on ${host}:${port} (${codeOf(cause)}); is it taken?`, {
      cause,
    });
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}

/** Resolves with the port, which the system chooses for 0. */
function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** Stops taking requests, waits for those inside, and closes. */
export async function drainServer(gate: Gate, server: Server, milliseconds: number): Promise<void> {
  const closed = closeServer(server);
  await gate.drain(milliseconds);
  server.closeAllConnections();
  await closed;
}

/** Closes at once, whoever is connected. */
export async function endServer(server: Server): Promise<void> {
  const ended = closeServer(server);
  server.closeAllConnections();
  await ended;
}

/** Ends when the last connection has: idle ones are closed as they become idle, which `close` does only once. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** What node's parser refuses never becomes a request, so it is answered on the socket. */
function refuseRaw(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET") socket.destroy();
  else refuseOn(socket, rawRefusal(error.code));
}

interface RawRefusal {
  readonly status: string;
  readonly failure: Failure;
}

function refuseOn(socket: Duplex, { status, failure }: RawRefusal): void {
  // Behind an answer that has begun, a refusal would stand in its middle.
  const isAnswering = (answers.get(socket) ?? []).some(({ headersSent }) => headersSent);
  if (!socket.writable || isAnswering) {
    socket.destroy();
    return;
  }
  const body = errorBytes(failure);
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\nx-request-id: ${randomUUID()}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.toString("utf8")}`,
  );
}

const noTunnel: RawRefusal = {
  status: "405 Method Not Allowed",
  failure: new Failure("method_not_allowed", "CONNECT is not served; this is no forward proxy."),
};

function rawRefusal(code: string | undefined): RawRefusal {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    const failure = new Failure("request_timeout", "The headers did not arrive in time.");
    return { status: "408 Request Timeout", failure };
  }
  if (code === "HPE_HEADER_OVERFLOW") {
    const failure = new Failure("invalid_header", "The headers are longer than 16 KiB.");
    return { status: "431 Request Header Fields Too Large", failure };
  }
  const failure = new Failure("invalid_header", "This is not a request of HTTP/1.1.");
  return { status: "400 Bad Request", failure };
}
