/** Writes a stream of events to a client, at the client's pace. */
import type { ServerResponse } from "node:http";
import { doneEvent } from "../core/server-sent-events.ts";
import type { ChunkSource } from "../domain/chat.ts";
import type { Failure } from "../domain/failure.ts";
import { errorBytes } from "./errors.ts";
import { endStuckReader } from "./slow-reader.ts";

/** Longer silences look like a dead connection to what stands between us and the client. */
const keepAliveMs = 10_000;
/** A client that does not read gets this long to take the end of its stream. */
const lingerMs = 5000;

const comment = Buffer.from(": keep-alive\n\n");

/** A stream that fails after its start ends with an explicit error event, never with a clean end. */
export function writeEvents(source: ChunkSource, response: ServerResponse): void {
  const keepAlive = setTimeout(() => {
    if (!response.writableNeedDrain) response.write(comment);
    keepAlive.refresh();
  }, keepAliveMs);
  response.on("close", () => clearTimeout(keepAlive));
  writeChunks(source, response, {
    onChunk: () => keepAlive.refresh(),
    onEnd: () => {
      clearTimeout(keepAlive);
      response.end(doneEvent);
    },
    onFailure: (failure) => {
      clearTimeout(keepAlive);
      response.end(errorEvent(failure));
    },
  });
}

/** Bytes of a route that is only passed through; one that breaks off must look broken, so its connection is cut. */
export function writeBytes(source: ChunkSource, response: ServerResponse): void {
  writeChunks(source, response, {
    onChunk: () => {},
    onEnd: () => response.end(),
    onFailure: () => response.destroy(),
  });
}

interface Ends {
  readonly onChunk: () => void;
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
      ends.onChunk();
      if (response.write(bytes) || isPaused) return;
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
