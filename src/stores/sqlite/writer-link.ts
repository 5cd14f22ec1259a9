/** Keeps a writer thread alive, and carries messages. */
import { Worker } from "node:worker_threads";
import type { FromWriter, ToWriter, WriterSettings } from "./messages.ts";

export interface WriterLink {
  readonly isUp: boolean;
  readonly restarts: number;
  send(message: ToWriter): void;
  /** Whether the thread keeps the process from ending: while somebody waits for it. */
  holdProcess(holds: boolean): void;
  /** Resolves when the thread has ended. */
  terminate(): Promise<void>;
}

export interface WriterLinkParts {
  readonly settings: WriterSettings;
  readonly onMessage: (message: FromWriter) => void;
  /** The thread has ended without being told to. What it had is lost, unless it had answered. */
  readonly onDeath: (reason: string) => void;
  readonly onRestart: () => void;
  /** Sees every thread that is started. */
  readonly onWriter: ((writer: Worker) => void) | undefined;
}

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** A thread that lived this long was sound: its end begins a new series of pauses. */
const soundAfterMs = 60_000;

export function createWriterLink(parts: WriterLinkParts): WriterLink {
  let worker: Worker | undefined;
  let restarts = 0;
  let pauseMs = firstPauseMs;
  let holds = false;
  let isEnding = false;
  let restarting: NodeJS.Timeout | undefined;

  const start = () => {
    const startedAt = performance.now();
    let reason = "its thread ended";
    const started = new Worker(new URL("./writer-worker.ts", import.meta.url), {
      name: "assay-store-writer",
      workerData: parts.settings,
      // Not the process's own: `--input-type` and the like would keep the thread from starting.
      execArgv: [],
    });
    worker = started;
    started.on("message", parts.onMessage);
    started.on("error", (error) => {
      reason = String(error);
    });
    started.on("exit", () => {
      worker = undefined;
      if (isEnding) return;
      if (performance.now() - startedAt > soundAfterMs) pauseMs = firstPauseMs;
      restarting = setTimeout(restart, pauseMs);
      if (!holds) restarting.unref();
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      parts.onDeath(reason);
    });
    // After the listeners: a listener for messages makes the thread hold the process.
    if (!holds) started.unref();
    parts.onWriter?.(started);
  };

  const restart = () => {
    restarts++;
    start();
    parts.onRestart();
  };

  start();
  return {
    get isUp() {
      return worker !== undefined;
    },
    get restarts() {
      return restarts;
    },
    send(message) {
      // Its thread ends of itself then: that is no death.
      if (message.kind === "close") isEnding = true;
      worker?.postMessage(message);
    },
    holdProcess(isWaited) {
      if (isWaited === holds) return;
      holds = isWaited;
      if (holds) {
        worker?.ref();
        restarting?.ref();
      } else {
        worker?.unref();
        restarting?.unref();
      }
    },
    async terminate() {
      isEnding = true;
      clearTimeout(restarting);
      await worker?.terminate();
    },
  };
}
