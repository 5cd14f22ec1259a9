/** Calls with answers over a channel between two processes. */
import { asFailure, Failure, type FailureCode } from "../domain/failure.ts";
import type { Protocol } from "./messages.ts";

export interface Link<Asks extends Protocol> {
  /** Rejects with the other side's failure: its code, message and `retryAfterMs`; and with `lost` when the channel ends first. */
  call<Name extends keyof Asks & string>(
    name: Name,
    asked: Parameters<Asks[Name]>[0],
  ): Promise<ReturnType<Asks[Name]>>;
  /** For everything that the channel brings. */
  receive(message: unknown): void;
  /** The channel has ended: nobody will answer. */
  lose(): void;
  readonly isLost: boolean;
}

/** How this side answers: at once, or by a promise. */
export type Answers<Heard extends Protocol> = {
  readonly [Name in keyof Heard]: (
    asked: Parameters<Heard[Name]>[0],
  ) => ReturnType<Heard[Name]> | Promise<ReturnType<Heard[Name]>>;
};

type Message =
  | { readonly ask: number; readonly name: string; readonly asked: unknown }
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly failure: FailureText };

interface FailureText {
  readonly code: FailureCode;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  /** The stack of a bug, for the log of whoever asked. */
  readonly cause: string | undefined;
}

export function createLink<Asks extends Protocol, Heard extends Protocol>(parts: {
  readonly post: (message: unknown) => void;
  readonly answers: Answers<Heard>;
  /** Why a call fails whose answer cannot come any more. */
  readonly lost: () => Failure;
}): Link<Asks> {
  const { post, answers, lost } = parts;
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let isLost = false;
  let last = 0;

  const answer = async ({ ask, name, asked }: Extract<Message, { ask: number }>) => {
    const send = (message: Message) => {
      if (!isLost) post(message);
    };
    try {
      const value = await (answers as Record<string, (asked: unknown) => unknown>)[name]?.(asked);
      send({ answer: ask, value });
    } catch (thrown) {
      send({ answer: ask, failure: textOf(asFailure(thrown)) });
    }
  };

  return {
    call(name, asked) {
      if (isLost) return Promise.reject(lost());
      const call = Promise.withResolvers<unknown>();
      const ask = ++last;
      waiting.set(ask, call);
      try {
        post({ ask, name, asked });
      } catch (thrown) {
        waiting.delete(ask);
        call.reject(asFailure(thrown));
      }
      // Both sides are of one version, and of one table: the answer is what it says.
      return call.promise as ReturnType<Link<Asks>["call"]> as never;
    },
    receive(received) {
      // Only the other side's link writes here.
      const message = received as Message;
      if ("ask" in message) {
        // Where not even a failure can be told the channel is going, and its end is told.
        answer(message).catch(() => {});
        return;
      }
      const call = waiting.get(message.answer);
      waiting.delete(message.answer);
      if ("failure" in message) call?.reject(failureOf(message.failure));
      else call?.resolve(message.value);
    },
    lose() {
      isLost = true;
      for (const { reject } of waiting.values()) reject(lost());
      waiting.clear();
    },
    get isLost() {
      return isLost;
    },
  };
}

function textOf({ code, message, details: { retryAfterMs }, cause }: Failure): FailureText {
  const why = cause instanceof Error ? (cause.stack ?? cause.message) : cause;
  return { code, message, retryAfterMs, cause: why === undefined ? undefined : String(why) };
}

function failureOf({ code, message, retryAfterMs, cause }: FailureText): Failure {
  return new Failure(code, message, { cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}
