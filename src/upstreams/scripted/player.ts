import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Playback, ResponsePlayback, Step } from "./playback.ts";

/**
 * Plays an answer on a response of node's HTTP server. Resolves when there is nothing left to play, or nobody
 * to play for.
 */
export async function play(response: ServerResponse, playback: Playback): Promise<void> {
  // Gone already: no `close` will come any more, and a write would be an error that nobody hears.
  if (response.destroyed) return;
  if (playback.kind === "silence") return;
  if (playback.kind === "reset") {
    // RST rather than FIN: the client sees ECONNRESET, as from a crashed process.
    response.socket?.resetAndDestroy();
    return;
  }
  writeHead(response, playback);
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    await playSteps(response, playback.steps, gone.signal);
  } catch (thrown) {
    // A client that hangs up ends the play; anything else is a bug of ours.
    if (!gone.signal.aborted) throw thrown;
  }
}

function writeHead(response: ServerResponse, { status, headers, framing }: ResponsePlayback): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (framing.kind === "length") response.setHeader("content-length", framing.bytes);
  if (framing.kind !== "close") return;
  // Without length and chunks, node ends the body by closing the connection (RFC 9112 §6.3, last case).
  response.setHeader("connection", "close");
  response.removeHeader("transfer-encoding");
}

async function playSteps(response: ServerResponse, steps: Iterable<Step>, gone: AbortSignal): Promise<void> {
  for (const step of steps) {
    if (gone.aborted) return;
    if (step.kind === "silence") return;
    if (step.kind === "cut") {
      // A length that the body does not reach must not be noticed by node, so the response itself is never
      // ended.
      response.socket?.destroySoon();
      return;
    }
    if (step.kind === "flush") response.flushHeaders();
    if (step.kind === "wait") await delay(step.ms, undefined, { signal: gone });
    if (step.kind === "write" && !response.write(step.bytes)) await once(response, "drain", { signal: gone });
  }
  response.end();
}
