import type { ServerResponse } from "node:http";

/** A client that takes nothing for this long has gone, whatever its connection says. */
const stuckMs = 30_000;

/**
 * Call when an answer waits for its reader. The connection is cut when nothing of it moves, for as long as it waits: a
 * reader that never reads would hold the upstream's permit, and the answer in memory, for ever.
 */
export function endStuckReader(response: ServerResponse): void {
  if (watched.has(response)) return;
  watched.add(response);
  let sent = taken(response);
  const timer = setInterval(() => {
    const now = taken(response);
    if (response.writableLength > 0 && now === sent) response.destroy();
    sent = now;
  }, stuckMs);
  timer.unref();
  response.on("close", () => clearInterval(timer));
}

const watched = new WeakSet<ServerResponse>();

/** Bytes that the kernel has taken from us. */
function taken({ socket }: ServerResponse): number {
  return (socket?.bytesWritten ?? 0) - (socket?.writableLength ?? 0);
}
