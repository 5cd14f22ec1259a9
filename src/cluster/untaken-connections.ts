/** Connections that are on their way to a worker. */
import type { ChildProcess } from "node:child_process";

interface Handle {
  close(): void;
}

/**
 * Closes what a worker had not taken when it ended. node:cluster waits for its word on each connection that it hands over, and
 * of a worker that ends first it never comes: the client would wait for ever (lib/internal/cluster, `RoundRobinHandle.handoff`).
 * Messages and their numbers are node's own and undocumented; were they to change, only this care would be lost.
 */
export function closeUntaken(worker: ChildProcess): void {
  const untaken = new Map<unknown, Handle>();
  const send = worker.send;
  worker.send = (...args: readonly unknown[]) => {
    const [message, handle] = args as [{ act?: unknown; seq?: unknown }, Handle | undefined];
    if (message.act === "newconn" && handle !== undefined) untaken.set(message.seq, handle);
    return Reflect.apply(send, worker, args);
  };
  worker.on("internalMessage", ({ ack }: { ack?: unknown }) => untaken.delete(ack));
  worker.on("exit", () => {
    for (const handle of untaken.values()) handle.close();
  });
}
