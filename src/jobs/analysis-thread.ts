/** The statistics in a thread of their own: a result page must never slow a chat. */
import type { Worker } from "node:worker_threads";
import { Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";
import type { RampQuestion } from "../domain/ramp.ts";
import type { AnalysisPlan, Analyst } from "../domain/report.ts";

type Ask =
  | { readonly kind: "results" | "stats"; readonly plan: AnalysisPlan }
  | { readonly kind: "ramp"; readonly question: RampQuestion }
  | { readonly kind: "warm"; readonly experimentIds: readonly string[] };

export type AnalysisQuestion = Ask & { readonly id: number };

export type AnalysisAnswer =
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly error: string };

interface Job {
  readonly question: Ask;
  readonly resolve: (text: string) => void;
  readonly reject: (failure: Failure) => void;
}

/** A question that takes longer, once its turn has come, has met a thread that hangs: it is ended, and the next one gets another. */
const patienceMs = 60_000;
/** Beyond this many waiting questions, others are sent away. */
const maxWaiting = 64;

/** `start` makes the worker; it is made when the first question comes, and again after it died. */
export function createAnalysisThread(parts: { readonly start: () => Worker; readonly log: Log }): Analyst {
  const thread = new AnalysisThread(parts.start, parts.log);
  return {
    results: (plan) =>
      thread.askInTurn(`results ${plan.experimentId} ${plan.scope}`, { kind: "results", plan }),
    stats: (plan) => thread.askInTurn(`stats ${plan.experimentId}`, { kind: "stats", plan }),
    ramp: (question) => thread.ask({ kind: "ramp", question }),
    warm(experimentIds) {
      for (const id of experimentIds) thread.ask({ kind: "warm", experimentIds: [id] }).catch(() => {});
    },
    close: () => thread.close(),
  };
}

/** One question at a time: what waits here is nobody's delay but its own, and a thread that dies takes only one with it. */
class AnalysisThread {
  readonly #start: () => Worker;
  readonly #log: Log;
  readonly #queue: Job[] = [];
  readonly #running = new Map<string, Promise<string>>();
  readonly #next = new Map<string, Promise<string>>();
  #worker: Worker | undefined;
  #current: { readonly id: number; readonly job: Job; readonly timer: NodeJS.Timeout } | undefined;
  #lastId = 0;

  constructor(start: () => Worker, log: Log) {
    this.#start = start;
    this.#log = log;
  }

  ask(question: Ask): Promise<string> {
    return new Promise((resolve, reject) => {
      const isRamp = question.kind === "ramp";
      if (this.#queue.length >= maxWaiting && !isRamp) {
        reject(unavailable(`${maxWaiting} questions wait already`));
        return;
      }
      // A rollback must not wait for pages that somebody reads. Ramps have one question each.
      const pages = isRamp ? this.#queue.findIndex((job) => job.question.kind !== "ramp") : -1;
      this.#queue.splice(pages === -1 ? this.#queue.length : pages, 0, { question, resolve, reject });
      this.#pump();
    });
  }

  /** Whoever asks while an answer is being worked out shares the next one: what they have just written must be in theirs. */
  askInTurn(key: string, question: Ask): Promise<string> {
    const next = this.#next.get(key);
    if (next !== undefined) return next;
    const before = this.#running.get(key) ?? Promise.resolve("");
    const answer = before
      .catch(() => "")
      .then(() => {
        this.#next.delete(key);
        const asked = this.ask(question);
        this.#running.set(key, asked);
        const clear = () => void (this.#running.get(key) === asked && this.#running.delete(key));
        asked.then(clear, clear);
        return asked;
      });
    this.#next.set(key, answer);
    return answer;
  }

  async close(): Promise<void> {
    for (const { reject } of this.#queue.splice(0)) reject(unavailable("this instance is shutting down"));
    await this.#worker?.terminate();
  }

  #pump(): void {
    if (this.#current !== undefined) return;
    const job = this.#queue.shift();
    if (job === undefined) return;
    const worker = this.#started();
    const id = ++this.#lastId;
    const timer = setTimeout(() => {
      this.#log.error("the analysis thread hangs; it is ended", { kind: job.question.kind });
      this.#ended(worker, `no answer came within ${patienceMs / 1000} s`);
      void worker.terminate();
    }, patienceMs);
    timer.unref();
    this.#current = { id, job, timer };
    worker.postMessage({ ...job.question, id });
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = this.#start();
    worker.on("message", (answer: AnalysisAnswer) => this.#answered(answer));
    worker.on("error", (error) => {
      this.#log.error("the analysis thread died; the next question starts another", { error });
      this.#ended(worker, "its thread died");
    });
    worker.on("exit", () => this.#ended(worker, "its thread ended"));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #answered(answer: AnalysisAnswer): void {
    if (this.#current?.id !== answer.id) return;
    const { job, timer } = this.#current;
    clearTimeout(timer);
    this.#current = undefined;
    if ("text" in answer) job.resolve(answer.text);
    else {
      this.#log.error("the analysis failed", { error: answer.error });
      job.reject(unavailable("it failed; the log has the cause"));
    }
    this.#pump();
  }

  /** Heard of once for each worker: the exit of one that was given up already is nothing to the next. */
  #ended(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    if (this.#current !== undefined) {
      clearTimeout(this.#current.timer);
      this.#current.job.reject(unavailable(why));
      this.#current = undefined;
    }
    this.#pump();
  }
}

function unavailable(why: string): Failure {
  return new Failure("store_unavailable", `The analysis gives no answer now: ${why}. Ask again.`, {
    retryAfterMs: 1000,
  });
}
