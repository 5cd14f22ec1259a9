/** Workers as processes of node:cluster: they share the port, and the primary hands out connections in turn. */
import cluster from "node:cluster";
import { Failure } from "../domain/failure.ts";
import { type Answers, createLink, type Link } from "./link.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";
import { closeUntaken } from "./untaken-connections.ts";

export interface WorkerProcess<Settings, State> {
  readonly pid: number;
  readonly link: Link<ToWorker<Settings, State>>;
  /** Resolves when it has ended, with its exit code, the signal that ended it, or why it could not be started. */
  readonly ended: Promise<string>;
  kill(): void;
  /** Lets go of the channel, whereupon a worker ends itself. */
  disconnect(): void;
}

/** Starts a worker, which waits for its boot. */
export function startWorker<Settings, State>(parts: {
  /** What it runs. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly answers: Answers<ToPrimary>;
}): WorkerProcess<Settings, State> {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: parts.file, args: [], serialization: "advanced" });
  const worker = cluster.fork(parts.env);
  closeUntaken(worker.process);
  const link = createLink<ToWorker<Settings, State>, ToPrimary>({
    // That a worker goes away is told by its exit; a message that it misses is no news.
    // One that could not be started has no channel at all.
    post: (message) => worker.process.connected && worker.process.send(message as object, () => {}),
    answers: parts.answers,
    lost: () => new Failure("internal_error", "The worker ended before it answered."),
  });
  worker.on("message", link.receive);
  worker.on("disconnect", link.lose);
  const ended = new Promise<string>((resolve) => {
    const end = (how: string) => {
      link.lose();
      resolve(how);
    };
    worker.on("exit", (code, signal) => end(signal ?? `exit code ${code}`));
    worker.on("error", (error) => {
      // Of one that lives it tells a lost message; one that could not be started has no `exit`, and node would keep it.
      if (worker.process.pid !== undefined) return;
      delete cluster.workers?.[worker.id];
      end(error.message);
    });
  });
  return {
    pid: worker.process.pid ?? 0,
    link,
    ended,
    kill: () => worker.process.kill("SIGKILL"),
    disconnect: () => worker.process.connected && worker.process.disconnect(),
  };
}
