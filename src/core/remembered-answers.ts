import { hash } from "node:crypto";
import type { CancelSignal } from "../domain/chat.ts";
import { SharedCall } from "./shared-call.ts";
import { TimedCache, type TimedCacheOptions } from "./timed-cache.ts";

export interface RememberedAnswersOptions<V> extends TimedCacheOptions {
  /** Gives an answer for each text, in their order. */
  readonly ask: (texts: readonly string[], signal: CancelSignal) => Promise<readonly V[]>;
  /** Texts of one question. */
  readonly maxTexts: number;
}

interface Asked {
  readonly key: string;
  readonly text: string;
}

/**
 * Answers about texts: what is known is not asked again, what is being asked is waited for, and the rest is asked in as few
 * questions as may be. Texts are known by their SHA-256; failures are not remembered.
 */
export class RememberedAnswers<V extends NonNullable<unknown>> {
  readonly #options: RememberedAnswersOptions<V>;
  readonly #known: TimedCache<V>;
  readonly #open = new Map<string, { readonly call: SharedCall<readonly V[]>; readonly index: number }>();

  constructor(options: RememberedAnswersOptions<V>) {
    this.#options = options;
    this.#known = new TimedCache(options);
  }

  /** In the order of the texts, of which none comes twice. Rejects with the signal's reason, and as `ask` does. */
  answersTo(texts: readonly string[], signal: CancelSignal): Promise<readonly V[]> {
    const items = texts.map((text) => {
      const key = hash("sha256", text, "base64");
      return { key, text, answer: this.#known.get(key) };
    });
    const own = items.filter(({ key, answer }) => answer === undefined && !this.#isOpen(key));
    const { maxTexts } = this.#options;
    for (let at = 0; at < own.length; at += maxTexts) this.#ask(own.slice(at, at + maxTexts));
    return Promise.all(
      items.map(async (item) => item.answer ?? this.#wait(item, { signal, isOwn: own.includes(item) })),
    );
  }

  #isOpen(key: string): boolean {
    return this.#open.get(key)?.call.isGivenUp === false;
  }

  async #wait(
    item: Asked,
    { signal, isOwn }: { readonly signal: CancelSignal; readonly isOwn: boolean },
  ): Promise<V> {
    try {
      return await this.#answer(item, signal);
    } catch (failure) {
      if (isOwn || signal.aborted) throw failure;
      // It was asked beside another's texts, and these may be what failed: nobody can spoil an answer for others.
      if (!this.#isOpen(item.key)) this.#ask([item]);
      return this.#answer(item, signal);
    }
  }

  async #answer({ key }: Asked, signal: CancelSignal): Promise<V> {
    const open = this.#open.get(key);
    const answer = open && (await open.call.wait(signal))[open.index];
    if (answer === undefined) throw new Error("a text was asked about and has no answer");
    return answer;
  }

  #ask(batch: readonly Asked[]): void {
    const texts = batch.map(({ text }) => text);
    const call = new SharedCall((signal) => this.#options.ask(texts, signal));
    for (const [index, { key }] of batch.entries()) this.#open.set(key, { call, index });
    const close = () => {
      for (const { key } of batch) if (this.#open.get(key)?.call === call) this.#open.delete(key);
    };
    call.answer.then((answers) => {
      for (const [index, answer] of answers.entries()) {
        const key = batch[index]?.key;
        if (key !== undefined) this.#known.set(key, answer);
      }
      close();
    }, close);
  }
}
