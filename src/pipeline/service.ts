import type { Answer, RequestContext } from "../domain/chat.ts";

/** A server is a function (Eriksen 2013, "Your Server as a Function"). */
export type Service<R> = (request: R, context: RequestContext) => Promise<Answer>;

/** Decorates a service and keeps its request type. */
export type Policy<R> = (next: Service<R>) => Service<R>;

/** Decorates a service and changes its request type: takes `In`, gives `Out` to the next. */
export type Stage<In, Out> = (next: Service<Out>) => Service<In>;

/** Calls `done` when the answer has ended, or when there is none, and gives the same promise. */
export function whenEnded(answer: Promise<Answer>, done: () => void): Promise<Answer> {
  answer.then(({ completion }) => completion.then(done), done);
  return answer;
}

/** Puts policies around a service; the first listed is the outermost. */
export function stack<R>(policies: readonly Policy<R>[], service: Service<R>): Service<R> {
  return policies.reduceRight((next, policy) => policy(next), service);
}
