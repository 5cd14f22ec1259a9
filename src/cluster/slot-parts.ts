/** What the place of a worker needs of the fleet, and what it knows of the worker in it. */
import type { Standing } from "../domain/control.ts";
import type { Log } from "../domain/log.ts";
import type { Boot } from "./messages.ts";
import type { Use } from "./share-of-limit.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface SlotParts<Settings, State> {
  readonly number: number;
  readonly start: () => WorkerProcess<Settings, State>;
  /** What a worker that starts now is told, the id of the revision that it must come to, and what holds. */
  readonly boot: () => {
    readonly boot: Boot<Settings>;
    readonly revision: string;
    readonly standing: Standing;
  };
  /** Lets one slot after the other do this: were all workers late at once, and ended at once, nobody would serve. */
  readonly inTurn: (act: () => Promise<void>) => void;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Hears of the last known state of a worker that has ended, and whether it served and ended without being told to. */
  readonly onEnded: (state: State | undefined, isCrash: boolean) => void;
  /** A worker has begun to serve, or serves no more. */
  readonly onChange: () => unknown;
}

/** A worker that lives. */
export interface Live<Settings, State> {
  readonly worker: WorkerProcess<Settings, State>;
  readonly startedAt: number;
  /** The revision that it serves; undefined until it is told to serve. */
  revision: string | undefined;
  /** The one that it is ready to serve. */
  prepared: string;
  state: State | undefined;
  use: Use;
}
