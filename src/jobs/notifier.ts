/** Tells hooks what ramps do: behind their backs, again and again, and what could not be told stays to be seen. */
import type { Log } from "../domain/log.ts";
import type { Notification } from "../domain/ramp-news.ts";

/** What waits, and what was given up: a restart goes on with both. */
export interface Outbox {
  readonly waiting: readonly Notification[];
  readonly dead: readonly Notification[];
}

export interface NotifierParts {
  /** Rejects where the hook did not take it, or is in the configuration no longer. */
  readonly send: (notification: Notification) => Promise<void>;
  readonly kept: Outbox;
  readonly keep: (outbox: Outbox) => Promise<void>;
  readonly log: Log;
}

export interface Notifier {
  /** Returns at once. */
  tell(notifications: readonly Notification[]): void;
  readonly outbox: Outbox;
  /** Everything that was given up or waits for its next turn, or the one of this id, is tried at once; gives how many. */
  retry(id?: string): number;
  /** What waits is kept. */
  stop(): Promise<void>;
}

const delaysMs = [1000, 5000, 30_000, 120_000, 600_000];
/** The oldest of the dead go first. */
const mostDead = 200;

export function createNotifier({ send, kept, keep, log }: NotifierParts): Notifier {
  const waiting = new Map(kept.waiting.map((one) => [one.id, one]));
  const dead = new Map(kept.dead.map((one) => [one.id, one]));
  /** By notification; one that is being sent has none. */
  const timers = new Map<string, NodeJS.Timeout>();
  let isStopped = false;
  let keeping: Promise<void> = Promise.resolve();
  const outboxNow = (): Outbox => ({ waiting: [...waiting.values()], dead: [...dead.values()] });
  const save = () => {
    keeping = keeping
      .then(() => keep(outboxNow()))
      .catch((error: unknown) => log.error("notifications could not be kept", { error }));
  };
  const plan = (notification: Notification, delayMs: number) => {
    const timer = setTimeout(() => {
      timers.delete(notification.id);
      void attempt(notification);
    }, delayMs).unref();
    timers.set(notification.id, timer);
  };
  const attempt = async (notification: Notification) => {
    const { id, event, experimentId } = notification;
    try {
      await send(notification);
      waiting.delete(id);
    } catch (error) {
      const attempts = notification.attempts + 1;
      const failed = {
        ...notification,
        attempts,
        error: error instanceof Error ? error.message : String(error),
      };
      const delayMs = delaysMs[attempts - 1];
      if (isStopped || delayMs !== undefined) waiting.set(id, failed);
      else {
        waiting.delete(id);
        dead.set(id, failed);
        for (const oldest of [...dead.keys()].slice(0, -mostDead)) dead.delete(oldest);
        log.error("a notification is given up", { id, event, experimentId, error: failed.error });
      }
      if (!isStopped && delayMs !== undefined) plan(failed, delayMs);
    }
    save();
  };
  for (const notification of kept.waiting) plan({ ...notification, attempts: 0 }, 0);
  return {
    tell(notifications) {
      for (const notification of notifications) {
        waiting.set(notification.id, notification);
        plan(notification, 0);
      }
      if (notifications.length > 0) save();
    },
    get outbox() {
      return outboxNow();
    },
    retry(id) {
      const idle = [...waiting.values()].filter((one) => timers.has(one.id));
      const chosen = [...dead.values(), ...idle].filter((one) => id === undefined || one.id === id);
      for (const one of chosen) {
        dead.delete(one.id);
        clearTimeout(timers.get(one.id));
        const fresh = { ...one, attempts: 0 };
        waiting.set(one.id, fresh);
        plan(fresh, 0);
      }
      if (chosen.length > 0) save();
      return chosen.length;
    },
    async stop() {
      isStopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await keeping;
    },
  };
}
