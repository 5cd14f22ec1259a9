/** Schemas of clients in a thread that is ended when one takes too long: whatever they are, the event loop never waits for them. */
import type { Worker } from "node:worker_threads";
import type { ClientSchemaJudge, ClientSchemaQuestion } from "../domain/client-schema.ts";
import type { CheckResult } from "../domain/config.ts";
import type { Log } from "../domain/log.ts";

/** It says that it is ready once, and then answers one question after the other. */
export type FromSchemaWorker = "ready" | CheckResult;

export interface SchemaThreadParts {
  /** Makes the thread; it is made when the first question comes, and again after it was ended. */
  readonly start: () => Worker;
  /** Milliseconds of one check, its schema's first compilation included. */
  readonly budgetMs: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

export interface SchemaThread {
  readonly judge: ClientSchemaJudge;
  close(): Promise<void>;
}

/**
 * Characters of one value. A thread that runs out of memory within a parse of JSON takes the process with it: 27 MB of small
 * objects needed 300 MB. This much needs 60 at most.
 */
const maxTextLength = 1_000_000;
/** How long a question may wait for its turn. */
const maxWaitMs = 1000;
/** Questions that may wait, of schemas that were answered for before and of others. */
const maxWaiting = 64;
/** A schema that ended a thread is not tried again for so long … */
const forgetMs = 300_000;
/** … and after so many of them no schema that is not known yet: a start takes 0.1 s of CPU, and who sends these could send more. */
const maxSlow = 30;
const maxKnown = 1000;
/** A thread that could not be started is not tried again for so long. */
const restartMs = 5000;

export function createSchemaThread(parts: SchemaThreadParts): SchemaThread {
  const thread = new Thread(parts);
  return { judge: (question) => thread.ask(question), close: () => thread.close() };
}

interface Job {
  readonly question: ClientSchemaQuestion;
  readonly settle: (result: CheckResult) => void;
  /** Of its wait, then of its check. */
  timer: NodeJS.Timeout;
}

/** One question at a time, so that it is known whose schema has taken too long. */
class Thread {
  readonly #parts: SchemaThreadParts;
  /** Keys of schemas that were answered for in time, the last one asked for last. */
  readonly #known = new Set<string>();
  /** Until when a schema is not tried again, the oldest first. */
  readonly #slow = new Map<string, number>();
  /** Known schemas go first: a stream of new ones, each of which ends the thread, must not keep them from their turn. */
  readonly #lanes = { known: new Set<Job>(), unknown: new Set<Job>() };
  #worker: Worker | undefined;
  #isReady = false;
  #current: Job | undefined;
  #closedReason: string | undefined;
  #restartAt = Number.NEGATIVE_INFINITY;

  constructor(parts: SchemaThreadParts) {
    this.#parts = parts;
  }

  ask(question: ClientSchemaQuestion): Promise<CheckResult> {
    const lane = this.#known.has(question.key) ? this.#lanes.known : this.#lanes.unknown;
    const isLong = question.text.length > maxTextLength;
    const refused = isLong
      ? tooLong
      : (this.#refusal(question.key) ?? (lane.size >= maxWaiting ? busy : undefined));
    if (refused !== undefined) return Promise.resolve(notEvaluated(refused));
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        lane.delete(job);
        resolve(notEvaluated(busy));
      }, maxWaitMs);
      const settle = (result: CheckResult) => {
        clearTimeout(job.timer);
        resolve(result);
      };
      const job: Job = { question, settle, timer };
      lane.add(job);
      this.#pump();
    });
  }

  async close(): Promise<void> {
    this.#closedReason = "this instance is shutting down";
    const worker = this.#worker;
    this.#worker = undefined;
    this.#current?.settle(notEvaluated(this.#closedReason));
    this.#current = undefined;
    this.#settleWaiting(this.#closedReason);
    await worker?.terminate();
  }

  /** Why a schema is not tried at all. */
  #refusal(key: string): string | undefined {
    if (this.#closedReason !== undefined) return this.#closedReason;
    const now = this.#parts.now();
    if (this.#worker === undefined && now < this.#restartAt) return unstartable;
    for (const [slow, until] of this.#slow) {
      if (until > now) break;
      this.#slow.delete(slow);
    }
    if (this.#slow.has(key)) return "its schema took too long before";
    if (this.#slow.size < maxSlow || this.#known.has(key)) return undefined;
    return "too many schemas took too long of late";
  }

  #pump(): void {
    if (this.#current !== undefined) return;
    const job = this.#next();
    if (job === undefined) return;
    const worker = this.#worker ?? this.#started();
    if (worker === undefined || !this.#isReady) return;
    this.#lanes.known.delete(job);
    this.#lanes.unknown.delete(job);
    clearTimeout(job.timer);
    this.#current = job;
    // An answer may lie there already while the event loop was late: it is read before this timer's next turn.
    job.timer = setTimeout(() => setImmediate(() => this.#overrun(job)), this.#parts.budgetMs());
    worker.postMessage(job.question);
  }

  /** The first that waits and is still to be tried. */
  #next(): Job | undefined {
    for (const lane of [this.#lanes.known, this.#lanes.unknown]) {
      for (const job of lane) {
        const refused = this.#refusal(job.question.key);
        if (refused === undefined) return job;
        lane.delete(job);
        job.settle(notEvaluated(refused));
      }
    }
    return undefined;
  }

  #started(): Worker | undefined {
    let worker: Worker;
    try {
      worker = this.#parts.start();
    } catch (error) {
      this.#unstarted(error);
      return undefined;
    }
    worker.on("message", (message: FromSchemaWorker) => this.#heard(worker, message));
    worker.on("error", (error) => this.#ended(worker, error));
    worker.on("exit", () => this.#ended(worker, undefined));
    // Whoever waits has a timer, which keeps the process; the thread itself must not.
    worker.unref();
    this.#worker = worker;
    this.#isReady = false;
    return worker;
  }

  #heard(worker: Worker, message: FromSchemaWorker): void {
    if (this.#worker !== worker) return;
    if (message === "ready") this.#isReady = true;
    else this.#answered(message);
    this.#pump();
  }

  #answered(result: CheckResult): void {
    const job = this.#current;
    if (job === undefined) return;
    this.#current = undefined;
    const { key } = job.question;
    this.#known.delete(key);
    this.#known.add(key);
    const [oldest] = this.#known;
    if (this.#known.size > maxKnown && oldest !== undefined) this.#known.delete(oldest);
    job.settle(result);
  }

  #overrun(job: Job): void {
    const worker = this.#worker;
    if (this.#current !== job || worker === undefined) return;
    this.#ended(worker, undefined);
    void worker.terminate();
  }

  /** Told once of each thread: one that was given up already is nothing to the next. */
  #ended(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const { log, now, budgetMs } = this.#parts;
    const job = this.#current;
    this.#current = undefined;
    if (job !== undefined) {
      const { key } = job.question;
      this.#known.delete(key);
      this.#slow.set(key, now() + forgetMs);
      job.settle(notEvaluated(error === undefined ? "its schema took too long" : "its schema took too much"));
      // At most `maxSlow` in `forgetMs`.
      log.warn("a client's schema took too much; its check was ended", { budgetMs: budgetMs() });
    } else if (!this.#isReady) this.#unstarted(error);
    this.#pump();
  }

  #unstarted(error: unknown): void {
    const { log, now } = this.#parts;
    this.#restartAt = now() + restartMs;
    log.error("schemas of clients are not evaluated: their thread cannot be started", { error });
    this.#settleWaiting(unstartable);
  }

  #settleWaiting(reason: string): void {
    for (const lane of [this.#lanes.known, this.#lanes.unknown]) {
      for (const job of lane) job.settle(notEvaluated(reason));
      lane.clear();
    }
  }
}

const tooLong = `the value has more than ${maxTextLength} characters`;
const busy = "busy";
const unstartable = "its thread cannot be started";

function notEvaluated(reason: string): CheckResult {
  return { kind: "not_evaluated", reason };
}
