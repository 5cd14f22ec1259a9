/** The statistics in a thread of their own: a result page must never slow a chat. */
import type { Worker } from "node:worker_threads";
import { Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";
import type { AnalysisPlan, Analyst } from "../domain/report.ts";

type Ask =
  | { readonly kind: "results" | "stats"; readonly plan: AnalysisPlan }
  | { readonly kind: "warm"; readonly experimentIds: readonly string[] };

export type AnalysisQuestion = Ask & { readonly id: number };

export type AnalysisAnswer =
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly error: string };

interface Waiting {
  readonly resolve: (text: string) => void;
  readonly reject: (failure: Failure) => void;
}

/** A question that takes longer has met a thread that hangs; it is ended, and the next question gets a new one. */
const patienceMs = 60_000;
/** Beyond this many different questions at a time, others are sent away. */
const maxWaiting = 32;

/** `start` makes the worker; it is made when the first question comes, and again after it died. */
export function createAnalysisThread(parts: { readonly start: () => Worker; readonly log: Log }): Analyst {
  const { log } = parts;
  const waiting = new Map<number, Waiting>();
  const running = new Map<string, Promise<string>>();
  const waitingFor = new Map<string, Promise<string>>();
  let worker: Worker | undefined;
  let lastId = 0;

  const giveUp = (ended: Worker, why: string) => {
    if (worker === ended) worker = undefined;
    for (const { reject } of waiting.values()) reject(unavailable(why));
    waiting.clear();
  };
  const started = (): Worker => {
    if (worker !== undefined) return worker;
    const made = parts.start();
    made.on("message", (answer: AnalysisAnswer) => {
      const one = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ("text" in answer) one?.resolve(answer.text);
      else {
        log.error("the analysis failed", { error: answer.error });
        one?.reject(unavailable("it failed; the log has the cause"));
      }
    });
    made.on("error", (error) => {
      log.error("the analysis thread died; the next question starts another", { error });
      giveUp(made, "its thread died");
    });
    made.on("exit", () => giveUp(made, "its thread ended"));
    made.unref();
    worker = made;
    return made;
  };
  const ask = (question: Ask): Promise<string> =>
    new Promise((resolve, reject) => {
      if (waiting.size >= maxWaiting) {
        reject(unavailable(`${maxWaiting} questions wait already`));
        return;
      }
      const id = ++lastId;
      const to = started();
      const timer = setTimeout(() => {
        log.error("the analysis thread hangs; it is ended", { kind: question.kind });
        giveUp(to, `no answer came within ${patienceMs / 1000} s`);
        void to.terminate();
      }, patienceMs);
      timer.unref();
      const settle =
        <T>(act: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          act(value);
        };
      waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      to.postMessage({ ...question, id });
    });
  /** Whoever asks while an answer is being worked out shares the next one: what they have just written must be in theirs. */
  const inTurn = (key: string, question: Ask): Promise<string> => {
    const next = waitingFor.get(key);
    if (next !== undefined) return next;
    const current = running.get(key);
    const answer = (current ?? Promise.resolve(""))
      .catch(() => "")
      .then(() => {
        waitingFor.delete(key);
        const asked = ask(question);
        running.set(key, asked);
        const clear = () => void (running.get(key) === asked && running.delete(key));
        asked.then(clear, clear);
        return asked;
      });
    waitingFor.set(key, answer);
    return answer;
  };

  return {
    results: (plan) => inTurn(`results ${plan.experimentId} ${plan.scope}`, { kind: "results", plan }),
    stats: (plan) => inTurn(`stats ${plan.experimentId}`, { kind: "stats", plan }),
    warm(experimentIds) {
      ask({ kind: "warm", experimentIds }).catch(() => {});
    },
    async close() {
      await worker?.terminate();
    },
  };
}

function unavailable(why: string): Failure {
  return new Failure("store_unavailable", `The analysis gives no answer now: ${why}. Ask again.`, {
    retryAfterMs: 1000,
  });
}
