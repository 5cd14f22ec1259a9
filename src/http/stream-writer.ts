/** Writes a stream of events to a client, at the client's pace. */
import type { ServerResponse } from "node:http";
import { doneEvent } from "../core/server-sent-events.ts";
import type { ChunkSource } from "../domain/chat.ts";
import type { Failure } from "../domain/failure.ts";
import { takeFraming } from "./body-framing.ts";
import { errorBytes } from "./errors.ts";
import { endStuckReader } from "./slow-reader.ts";

/** Longer silences look like a dead connection to what stands between us and the client. */
const keepAliveMs = 10_000;
/** A client that does not read gets this long to take the end of its stream. */
const lingerMs = 5000;

const comment = Buffer.from(": keep-alive\n\n");

/** A stream that fails after its start ends with an explicit error event, never with a clean end. */
export function writeEvents(source: ChunkSource, response: ServerResponse): void {
  const framing = takeFraming(response);
  // Two looks in the longest silence: a timer that every chunk winds up again costs 1 us a chunk.
  let isQuiet = false;
  const keepAlive = setInterval(() => {
    if (isQuiet && !response.writableNeedDrain) response.write(framing.piece(comment));
    isQuiet = !isQuiet;
  }, keepAliveMs / 2);
  response.on("close", () => clearInterval(keepAlive));
  const end = (lastEvent: Buffer) => {
    clearInterval(keepAlive);
    response.end(framing.last(lastEvent));
  };
  writeChunks(source, response, {
    onChunk(bytes) {
      isQuiet = false;
      return writeNow(response, framing.piece(bytes));
    },
    onEnd: () => end(doneEvent),
    onFailure: (failure) => end(errorEvent(failure)),
  });
}

/** Bytes of a route that is only passed through; one that breaks off must look broken, so its connection is cut. */
export function writeBytes(source: ChunkSource, response: ServerResponse): void {
  const framing = takeFraming(response);
  writeChunks(source, response, {
    onChunk: (bytes) => writeNow(response, framing.piece(bytes)),
    onEnd: () => response.end(framing.last()),
    onFailure: () => response.destroy(),
  });
}

/** node would keep the write back until the next tick, to put more with it; what came in one read is one piece already. */
function writeNow(response: ServerResponse, bytes: Buffer): boolean {
  response.cork();
  const isTaken = response.write(bytes);
  response.uncork();
  return isTaken;
}

interface Ends {
  /** False when the answer waits for its reader. */
  readonly onChunk: (bytes: Buffer) => boolean;
  readonly onEnd: () => void;
  readonly onFailure: (failure: Failure) => void;
}

function writeChunks(source: ChunkSource, response: ServerResponse, ends: Ends): void {
  let isPaused = false;
  response.on("drain", () => {
    if (!isPaused) return;
    isPaused = false;
    source.resume();
  });
  source.start({
    chunk(bytes) {
      if (response.destroyed) return;
      if (ends.onChunk(bytes) || isPaused) return;
      isPaused = true;
      source.pause();
      endStuckReader(response);
    },
    end() {
      ends.onEnd();
      lingerNoLonger(response);
    },
    fail(failure) {
      if (response.destroyed) return;
      ends.onFailure(failure);
      lingerNoLonger(response);
    },
  });
}

function lingerNoLonger(response: ServerResponse): void {
  if (response.writableFinished || response.destroyed) return;
  const timer = setTimeout(() => response.destroy(), lingerMs);
  response.on("close", () => clearTimeout(timer));
}

function errorEvent(failure: Failure): Buffer {
  return Buffer.concat([Buffer.from("data: "), errorBytes(failure), Buffer.from("\n\n")]);
}
