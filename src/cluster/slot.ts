/** The place of one worker: whoever dies in it is replaced, until it is told to stop. */
import { within } from "../core/within.ts";
import type { RevisionSource } from "../domain/config.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";
import type { Boot, ToWorker } from "./messages.ts";
import type { Place, Use } from "./share-of-limit.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface SlotParts<Settings, State> {
  readonly number: number;
  readonly start: () => WorkerProcess<Settings, State>;
  /** What a worker that starts now is told, and the id of the revision that it must come to. */
  readonly boot: () => { readonly boot: Boot<Settings>; readonly revision: string };
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Hears of the last known state of a worker that has ended, and whether it served and ended without being told to. */
  readonly onEnded: (state: State | undefined, isCrash: boolean) => void;
  /** A worker has begun to serve, or serves no more. */
  readonly onChange: () => unknown;
}

/** A worker that lives. */
interface Live<Settings, State> {
  readonly worker: WorkerProcess<Settings, State>;
  readonly startedAt: number;
  /** The revision that it serves; undefined until it serves. */
  revision: string | undefined;
  /** The one that it is ready to serve. */
  prepared: string;
  state: State | undefined;
  use: Use;
}

const bootMs = 30_000;
const prepareMs = 15_000;
const commitMs = 5000;
/** Within this a worker has died young: the next one waits, and at the start of the server it is given up. */
const youngMs = 10_000;
const maxYoungDeaths = 3;
const firstPauseMs = 100;
const maxPauseMs = 10_000;

export class Slot<Settings, State> {
  readonly #parts: SlotParts<Settings, State>;
  readonly #stopping = new AbortController();
  #live: Live<Settings, State> | undefined;
  #restarts = 0;

  constructor(parts: SlotParts<Settings, State>) {
    this.#parts = parts;
  }

  get number(): number {
    return this.#parts.number;
  }

  get pid(): number | undefined {
    return this.#live?.worker.pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get startedAt(): number | undefined {
    return this.#live?.startedAt;
  }

  /** What it serves; undefined while nobody does. */
  get revision(): string | undefined {
    return this.#live?.revision;
  }

  get state(): State | undefined {
    return this.#live?.state;
  }

  /** Resolves with the port once a worker serves. Rejects with what the worker said, or when it has died young too often. */
  start(): Promise<number> {
    const first = Promise.withResolvers<number>();
    this.#keep(first).catch((error: unknown) => first.reject(error));
    return first.promise;
  }

  /**
   * The worker's answer; undefined when there is no worker, or when it has ended or had to be ended because it did not answer
   * in time. Rejects with the worker's own failure.
   */
  async ask<Name extends keyof ToWorker<Settings, State> & string>(
    name: Name,
    asked: Parameters<ToWorker<Settings, State>[Name]>[0],
    milliseconds: number,
  ): Promise<{ readonly value: ReturnType<ToWorker<Settings, State>[Name]> } | undefined> {
    const live = this.#live;
    if (live === undefined) return undefined;
    const { link } = live.worker;
    const answer = link.call(name, asked).then(
      (value) => ({ value }),
      (failure: unknown) => {
        if (link.isLost) return undefined;
        throw failure;
      },
    );
    const first = await orLate(answer, milliseconds);
    if (first === undefined && !link.isLost) {
      this.#parts.log.error("a worker does not answer; it is replaced", { worker: this.number, asked: name });
      live.worker.kill();
    }
    return first;
  }

  /** Lets the worker make a revision; one that is not there will start with what is in force by then. Rejects when it cannot. */
  async prepare(revision: string, source: RevisionSource): Promise<void> {
    const live = this.#live;
    const made = await this.ask("prepare", source, prepareMs);
    if (live === undefined || made === undefined) return;
    if (made.value !== revision) throw otherRevision(made.value, revision);
    live.prepared = revision;
  }

  /** Puts it in force; a worker that cannot is ended, for none may serve what no longer is. */
  async commit(revision: string, source: RevisionSource): Promise<void> {
    const live = this.#live;
    if (live === undefined || live.revision === revision) return;
    try {
      // It may have started while the others made theirs ready.
      if (live.prepared !== revision) await this.prepare(revision, source);
      if ((await this.ask("commit", revision, commitMs)) !== undefined) live.revision = revision;
    } catch (error) {
      const { log } = this.#parts;
      const message = "a worker cannot put a revision in force; it is replaced";
      log.error(message, { worker: this.number, revision, error });
      live.worker.kill();
    }
  }

  /** Asks for the state, for so long; the one before stays where no answer comes. */
  async refresh(milliseconds: number): Promise<void> {
    const live = this.#live;
    if (live?.revision === undefined) return;
    const asked = live.worker.link.call("state", undefined).then((state) => {
      live.state = state;
    });
    await within(asked, milliseconds);
  }

  /** What the worker needs of the limits, asked for so long, or as it told before; undefined while nobody serves. */
  async use(milliseconds: number): Promise<Use | undefined> {
    const live = this.#live;
    if (live?.revision === undefined) return undefined;
    const asked = live.worker.link.call("use", undefined).then((use) => {
      live.use = use;
    });
    await within(asked, milliseconds);
    return this.#live === live ? live.use : undefined;
  }

  /** Without an answer nothing is amiss that the next one does not mend. */
  place(place: Place): void {
    this.#live?.worker.link.call("place", place).catch(() => {});
  }

  /** From now on nobody is replaced. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Ends the worker: by its own doing, or after these milliseconds. */
  async end(milliseconds: number): Promise<void> {
    this.stop();
    const live = this.#live;
    if (live === undefined) return;
    live.worker.disconnect();
    await within(live.worker.ended, milliseconds);
    live.worker.kill();
    await live.worker.ended;
  }

  async #keep(first: PromiseWithResolvers<number>): Promise<void> {
    const { log, now, start, onEnded, onChange } = this.#parts;
    let hasServed = false;
    let youngDeaths = 0;
    while (!this.#stopping.signal.aborted) {
      const worker = start();
      const live = { worker, startedAt: now(), revision: undefined, prepared: "", state: undefined, use: {} };
      this.#live = live;
      const problem = this.#bringUp(live).then(
        (port) => {
          if (hasServed) log.info("a new worker serves", { worker: this.number, pid: worker.pid });
          hasServed = true;
          first.resolve(port);
          onChange();
          return undefined;
        },
        (thrown: unknown) => {
          worker.kill();
          return asFailure(thrown);
        },
      );
      const how = await worker.ended;
      this.#live = undefined;
      const { state, revision } = live as Live<Settings, State>;
      onEnded(state, revision !== undefined && how !== "exit code 0");
      if (this.#stopping.signal.aborted) break;
      onChange();
      const failure = await problem;
      // Who has started the server hears it from there.
      if (!hasServed && isTold(failure)) throw startFailure(failure, how);
      log.error("a worker has ended", { worker: this.number, pid: worker.pid, how, error: failure });
      youngDeaths = now() - live.startedAt < youngMs ? youngDeaths + 1 : 0;
      if (!hasServed && youngDeaths >= maxYoungDeaths) throw startFailure(failure, how);
      this.#restarts++;
      await this.#pause(youngDeaths);
    }
  }

  async #bringUp(live: Live<Settings, State>): Promise<number> {
    const { boot, revision } = this.#parts.boot();
    live.prepared = revision;
    const answer = await this.ask("boot", boot, bootMs);
    if (answer === undefined) throw new Failure("internal_error", "The worker ended while it started.");
    if (answer.value.revision !== revision) throw otherRevision(answer.value.revision, revision);
    live.revision = revision;
    return answer.value.port;
  }

  /** The first replacement comes at once. */
  async #pause(youngDeaths: number): Promise<void> {
    const { signal } = this.#stopping;
    if (youngDeaths < 2 || signal.aborted) return;
    const stopped = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => stopped.resolve(), { once: true });
    await within(stopped.promise, Math.min(maxPauseMs, firstPauseMs * 2 ** (youngDeaths - 2)));
  }
}

/** What it comes to, or undefined when that takes longer. */
async function orLate<T>(answer: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Both have read the same texts: what is left is what they know of the world. */
function otherRevision(made: string, wanted: string): Failure {
  const message = `A worker made revision ${made} of what is ${wanted}; is its environment another one?`;
  return new Failure("config_invalid", message);
}

/** What a worker says of its own accord will be said by the next one too. */
function isTold(failure: Failure | undefined): boolean {
  return failure !== undefined && failure.code !== "internal_error";
}

function startFailure(failure: Failure | undefined, how: string): Failure {
  if (failure !== undefined && isTold(failure)) return failure;
  const message = `The workers end as soon as they have started (${how}); the log has what they said. With --workers 1 there are none.`;
  return new Failure("internal_error", message, { cause: failure?.cause });
}
