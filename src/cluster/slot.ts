/** The place of one worker: whoever dies in it is replaced, until it is told to stop. */
import { within } from "../core/within.ts";
import type { RevisionSource } from "../domain/config.ts";
import type { Standing } from "../domain/control.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { ToWorker } from "./messages.ts";
import { orLate } from "./or-late.ts";
import type { Place, Use } from "./share-of-limit.ts";
import type { Live, SlotParts } from "./slot-parts.ts";
import { isTold, otherRevision, startFailure } from "./start-failure.ts";
import type { WorkerProcess } from "./worker-process.ts";

interface Death {
  readonly pid: number | undefined;
  readonly how: string;
  /** Undefined when it has served. */
  readonly failure: Failure | undefined;
}

const bootMs = 30_000;
const prepareMs = 15_000;
const commitMs = 5000;
/** A worker answers within a turn of its loop, and under overload those take seconds. */
const turnMs = 10_000;
/** Of a process that has been killed. */
const endMs = 5000;
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
  #hasServed = false;
  /** Called when the next worker serves, or none will. */
  #onServed = () => {};

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
    this.#keep(first).catch((error: unknown) => {
      if (this.#hasServed)
        this.#parts.log.error("nobody replaces this worker any more", { worker: this.number, error });
      first.reject(error);
    });
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
    const { link, ended } = live.worker;
    let isAnswered = false;
    const called = link.call(name, asked).then(
      (value) => ({ value }),
      (failure: unknown) => {
        if (link.isLost) return undefined;
        throw failure;
      },
    );
    const answer = Promise.race([called, ended.then(() => undefined)]).finally(() => {
      isAnswered = true;
    });
    const first = await orLate(answer, milliseconds);
    if (first === undefined && !isAnswered) this.#endLate(live, name, () => isAnswered);
    return answer;
  }

  /** Lets the worker make a revision; one that does not serve yet will do so with what is in force by then. Rejects when it cannot. */
  async prepare(revision: string, source: RevisionSource): Promise<void> {
    const live = this.#live;
    if (live?.revision === undefined) return;
    const made = await this.ask("prepare", source, prepareMs);
    if (made === undefined) return;
    if (made.value !== revision) throw otherRevision(made.value, revision);
    live.prepared = revision;
  }

  /** Puts it in force; a worker that cannot is ended, for none may serve what no longer is. */
  async commit(revision: string, source: RevisionSource): Promise<void> {
    const live = this.#live;
    if (live?.revision === undefined || live.revision === revision) return;
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

  /** Resolves when it holds with the worker; one that does not serve yet will do so with what holds then. */
  async tell(standing: Standing): Promise<void> {
    if (this.revision !== undefined) await this.ask("switch", standing, turnMs);
  }

  /** Asks for the state, for so long; the one before stays where no answer comes. One that stays silent is ended. */
  async refresh(milliseconds: number): Promise<void> {
    const live = this.#live;
    if (live?.revision === undefined) return;
    const asked = this.ask("state", undefined, turnMs).then((answer) => {
      live.state = answer?.value ?? live.state;
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

  /** From now on nobody is replaced, and who does not serve yet never will. */
  stop(): void {
    this.#stopping.abort();
    this.#onServed();
    if (this.revision === undefined) this.#live?.worker.kill();
  }

  /** Ends the worker: by its own doing, or after these milliseconds. */
  async end(milliseconds: number): Promise<void> {
    this.stop();
    const live = this.#live;
    if (live === undefined) return;
    live.worker.disconnect();
    await within(live.worker.ended, milliseconds);
    live.worker.kill();
    await within(live.worker.ended, endMs);
  }

  /** Ends a worker that does not answer. Of several that are late, the next has until this one's successor serves. */
  #endLate({ worker, revision }: Live<Settings, State>, asked: string, isAnswered: () => boolean): void {
    const isStopping = () => this.#stopping.signal.aborted;
    const end = () => {
      const message = `a worker does not answer; it is ${isStopping() ? "ended" : "replaced"}`;
      this.#parts.log.error(message, { worker: this.number, pid: worker.pid, asked });
      worker.kill();
    };
    if (isStopping() || revision === undefined) {
      end();
      return;
    }
    this.#parts.inTurn(async () => {
      if (isAnswered() || worker.link.isLost) return;
      const next = Promise.withResolvers<void>();
      this.#onServed = next.resolve;
      end();
      if (!isStopping()) await within(next.promise, bootMs);
    });
  }

  async #keep(first: PromiseWithResolvers<number>): Promise<void> {
    const { signal } = this.#stopping;
    let youngDeaths = 0;
    while (!signal.aborted) {
      const startedAt = this.#parts.now();
      const { pid, how, failure } = await this.#oneLife(startedAt, first);
      if (signal.aborted) break;
      this.#parts.onChange();
      // Who has started the server hears it from there.
      if (!this.#hasServed && isTold(failure)) throw startFailure(failure, how);
      this.#parts.log.error("a worker has ended", { worker: this.number, pid, how, error: failure });
      // One that never served has died young, however long that took.
      const isYoung = failure !== undefined || this.#parts.now() - startedAt < youngMs;
      youngDeaths = isYoung ? youngDeaths + 1 : 0;
      if (!this.#hasServed && youngDeaths >= maxYoungDeaths) throw startFailure(failure, how);
      this.#restarts++;
      await this.#pause(youngDeaths);
    }
    first.reject(new Failure("internal_error", "The server ended while it started."));
  }

  /** The life of one worker; what has kept it from serving comes back with its end. */
  async #oneLife(startedAt: number, first: PromiseWithResolvers<number>): Promise<Death> {
    const { log, start, onEnded, onChange } = this.#parts;
    let worker: WorkerProcess<Settings, State>;
    try {
      worker = start();
    } catch (thrown) {
      return { pid: undefined, how: "it could not be started", failure: asFailure(thrown) };
    }
    const live: Live<Settings, State> = {
      worker,
      startedAt,
      revision: undefined,
      prepared: "",
      state: undefined,
      use: {},
    };
    this.#live = live;
    const problem = this.#bringUp(live).then(
      (port) => {
        if (this.#hasServed) log.info("a new worker serves", { worker: this.number, pid: worker.pid });
        this.#hasServed = true;
        this.#onServed();
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
    onEnded(live.state, live.revision !== undefined && how !== "exit code 0");
    return { pid: worker.pid, how, failure: await problem };
  }

  /** Gives the port. What was decided while the worker made its revision is made up for before it serves. */
  async #bringUp(live: Live<Settings, State>): Promise<number> {
    let wanted = this.#parts.boot();
    let made = answered(await this.ask("boot", wanted.boot, bootMs));
    for (;;) {
      if (made !== wanted.revision) throw otherRevision(made, wanted.revision);
      wanted = this.#parts.boot();
      if (made === wanted.revision) break;
      made = answered(await this.ask("prepare", wanted.boot.source, prepareMs));
      answered(await this.ask("commit", made, commitMs));
    }
    live.prepared = made;
    live.revision = made;
    return answered(await this.ask("listen", wanted.standing, bootMs));
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

function answered<T>(answer: { readonly value: T } | undefined): T {
  if (answer === undefined) throw new Failure("internal_error", "The worker ended while it started.");
  return answer.value;
}
