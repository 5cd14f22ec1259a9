import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { answerRequest, type SeenRequest, standardHeaders } from "./answer.ts";
import { idOf, type Stamp } from "./material.ts";
import { errorAnswer, type Playback } from "./playback.ts";
import { play } from "./player.ts";
import { createChooser, type Script } from "./script.ts";

export interface ScriptedUpstreamOptions {
  /** 0 takes any free port. */
  readonly port?: number;
  readonly host?: "127.0.0.1";
  /**
   * Milliseconds between two tokens and before the first, for a large model; small models take half of it.
   */
  readonly tokenDelayMs?: number;
  readonly firstTokenMs?: number;
  /** Another seed gives other words. */
  readonly seed?: number;
  /** Epoch milliseconds, for `created`. */
  readonly now?: () => number;
}

export interface ScriptedUpstream {
  /** The base URL that an OpenAI client takes, `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  readonly port: number;
  /** The latest requests, oldest first: at most 256, of at most 16 MB together. */
  readonly requests: readonly SeenRequest[];
  /** Replaces the script; queues start from their beginning. */
  setScript(script: Script): void;
  /** Cuts every open connection. */
  close(): Promise<void>;
}

/**
 * A real HTTP server that plays the OpenAI API, with faults on demand: for the demo without a key, the tests
 * and the benches. A fault is asked for by the header `x-scripted-fault`, by `[[fault:name;key=value]]` in
 * the user's last message, by a model named `scripted-fault:name`, or by `setScript`. `behaviour.ts` has the
 * names.
 */
export async function startScriptedUpstream(
  options: ScriptedUpstreamOptions = {},
): Promise<ScriptedUpstream> {
  const {
    port = 0,
    host = "127.0.0.1",
    tokenDelayMs = 5,
    firstTokenMs = 60,
    seed = 1,
    now = Date.now,
  } = options;
  const chooser = createChooser();
  const ring = createRing();
  const pace = { tokenDelayMs, firstTokenMs };
  let served = 0;

  const server = createServer((incoming, response) => {
    served += 1;
    const stamp: Stamp = { seed, number: served, createdAt: Math.floor(now() / 1000) };
    // A bug in the playing must stay loud, and there is nobody above to catch it: the rejection is left
    // unhandled.
    void serve({ incoming, response, stamp }, (seen) => {
      ring.add(seen);
      return answerRequest(seen, { chooser, pace, stamp });
    });
  });
  // Longer than clients keep an idle connection, so that no keep-alive race is played by accident.
  server.keepAliveTimeout = 120_000;
  const boundPort = await listen(server, port, host);
  return {
    url: `http://${host}:${boundPort}/v1`,
    port: boundPort,
    requests: ring.requests,
    setScript: chooser.setScript,
    close: () => closeNow(server),
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly stamp: Stamp;
}

const maxBodyBytes = 64 * 1024 * 1024;

async function serve(
  { incoming, response, stamp }: Exchange,
  answer: (seen: SeenRequest) => Playback,
): Promise<void> {
  const body = await readBody(incoming);
  if (body === "gone") return;
  for (const [name, value] of Object.entries(standardHeaders(stamp, idOf(stamp, "req_"))))
    response.setHeader(name, value);
  if (body === "too_large") {
    response.setHeader("connection", "close");
    return play(response, tooLarge);
  }
  const { method = "GET", url = "/", headers } = incoming;
  await play(response, answer({ method, path: url, headers, body }));
}

const tooLarge = errorAnswer({
  status: 413,
  message: `The body is larger than ${maxBodyBytes} bytes.`,
  type: "invalid_request_error",
  code: "request_too_large",
});

async function readBody(incoming: IncomingMessage): Promise<Buffer | "too_large" | "gone"> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of incoming) {
      bytes += piece.length;
      if (bytes > maxBodyBytes) return "too_large";
      pieces.push(piece);
    }
  } catch {
    // The client hung up before its request was whole: there is nobody to answer.
    return "gone";
  }
  return Buffer.concat(pieces);
}

const maxSeen = 256;
const maxSeenBytes = 16 * 1024 * 1024;

function createRing(): { readonly requests: readonly SeenRequest[]; add(seen: SeenRequest): void } {
  const requests: SeenRequest[] = [];
  let bytes = 0;
  return {
    requests,
    add: (seen) => {
      requests.push(seen);
      bytes += seen.body.length;
      while (requests.length > maxSeen || (bytes > maxSeenBytes && requests.length > 1)) {
        bytes -= requests.shift()?.body.length ?? 0;
      }
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      // A string is a pipe's name, which listen(port) never gives.
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function closeNow(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // An error says that it was closed before, which is what the caller wants.
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
