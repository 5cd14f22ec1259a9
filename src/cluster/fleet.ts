/** All workers: every one of them serves the revision, the switches and the keys that are in force, or is replaced. */
import type { RevisionSource } from "../domain/config.ts";
import type { Standing } from "../domain/control.ts";
import type { Log } from "../domain/log.ts";
import { Slot } from "./slot.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface FleetParts<Settings, State> {
  readonly size: number;
  /** Asked once, before the first worker starts. */
  readonly settings: () => Promise<Settings>;
  readonly standing: Standing;
  readonly start: () => WorkerProcess<Settings, State>;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Hears of the last known state of each worker that has ended, and whether it served and ended without being told to. */
  readonly onEnded: (state: State | undefined, isCrash: boolean) => void;
}

export interface WorkerView<State> {
  readonly number: number;
  /** Undefined between two lives. */
  readonly pid: number | undefined;
  readonly startedAt: number | undefined;
  readonly restarts: number;
  /** That it serves; undefined while it does not. */
  readonly revision: string | undefined;
  /** As it was told last. */
  readonly state: State | undefined;
}

export interface Fleet<State> {
  /** Lets every worker make the revision, and gives the step that puts it in force with all. Rejects when one cannot make it. */
  prepare(revision: string, source: RevisionSource): Promise<() => Promise<void>>;
  /** Resolves when it holds with every worker that serves. */
  tell(standing: Standing): Promise<void>;
  /** Starts the workers and gives their port. Rejects with what one of them says. */
  start(): Promise<number>;
  readonly workers: readonly WorkerView<State>[];
  /** Asks all for their state; one that is busy keeps the state that it told before. */
  refresh(): Promise<void>;
  drain(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

const stateMs = 1000;
const useMs = 500;
/** How much a counter may lack of a worker that dies, and for how long a share of a limit may be another than the load asks for. */
const stateEveryMs = 2000;
/** Beyond the time that open requests have. */
const drainGraceMs = 3000;
const closeMs = 5000;
const endMs = 1000;

export function createFleet<Settings, State>(parts: FleetParts<Settings, State>): Fleet<State> {
  const { size, start, log, now, onEnded } = parts;
  let inForce: { readonly id: string; readonly source: RevisionSource } | undefined;
  let { standing } = parts;
  let settings: Settings | undefined;
  let timer: NodeJS.Timeout | undefined;

  const boot = (number: number) => {
    if (inForce === undefined || settings === undefined)
      throw new Error("a worker needs a revision to serve");
    const { id, source } = inForce;
    return { boot: { number, of: size, settings, source }, revision: id, standing };
  };
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (act: () => Promise<void>) => {
    // One that fails must not keep the others from their turn.
    turn = turn
      .then(act)
      .catch((error: unknown) => log.error("a late worker could not be replaced", { error }));
  };
  const slots = Array.from({ length: size }, (_, index) => {
    const number = index + 1;
    return new Slot<Settings, State>({
      number,
      start,
      boot: () => boot(number),
      inTurn,
      log,
      now,
      onEnded,
      onChange: () => share(),
    });
  });
  /** Shares the limits out among those that serve, by what they need. */
  const share = async () => {
    const known = await Promise.all(slots.map(async (slot) => ({ slot, use: await slot.use(useMs) })));
    const serving = known.flatMap(({ slot, use }) => (use === undefined ? [] : { slot, use }));
    const uses = serving.map(({ use }) => use);
    for (const [index, { slot }] of serving.entries()) slot.place({ index, uses });
  };
  const refresh = async () => {
    await Promise.all(slots.map((slot) => slot.refresh(stateMs)));
  };

  return {
    async prepare(id, source) {
      await Promise.all(slots.map((slot) => slot.prepare(id, source)));
      return async () => {
        inForce = { id, source };
        await Promise.all(slots.map((slot) => slot.commit(id, source)));
      };
    },
    async tell(now) {
      standing = now;
      await Promise.all(slots.map((slot) => slot.tell(now)));
    },
    async start() {
      settings = await parts.settings();
      const [port = 0] = await Promise.all(slots.map((slot) => slot.start()));
      timer = setInterval(() => {
        refresh();
        share();
      }, stateEveryMs).unref();
      return port;
    },
    get workers() {
      return slots.map(({ number, pid, startedAt, restarts, revision, state }) => ({
        number,
        pid,
        startedAt,
        restarts,
        revision,
        state,
      }));
    },
    refresh,
    async drain(milliseconds) {
      for (const slot of slots) slot.stop();
      await Promise.all(
        slots.map((slot) => slot.ask("drain", milliseconds, milliseconds + drainGraceMs).catch(() => {})),
      );
    },
    async close() {
      clearInterval(timer);
      await Promise.all(
        slots.map(async (slot) => {
          slot.stop();
          await slot.ask("close", undefined, closeMs).catch(() => {});
          await slot.end(endMs);
        }),
      );
    },
  };
}
