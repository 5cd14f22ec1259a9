/** The ramps of the control plane, and when they are looked at. */
import { now, wallNow } from "./app-foundation.ts";
import type { AppStore } from "./app-store.ts";
import { Ramps } from "./control/ramps.ts";
import type { Revisions } from "./control/revisions.ts";
import type { Switchboard } from "./control/switchboard.ts";
import { analysisPlan } from "./core/analysis-plan.ts";
import type { ControlStore } from "./domain/control.ts";
import type { Log } from "./domain/log.ts";
import type { RampReadings } from "./domain/ramp.ts";
import { startRampController } from "./jobs/ramp-controller.ts";
import { createGateCaller } from "./upstreams/prometheus-gate.ts";

export interface AppRamps {
  readonly ramps: Ramps;
  /** Begins to look at them. */
  start(): void;
  stop(): Promise<void>;
}

export function openAppRamps(parts: {
  readonly journal: ControlStore;
  readonly revisions: Revisions;
  readonly switches: Switchboard;
  readonly store: AppStore;
  readonly log: Log;
  readonly evaluateMs: number | undefined;
}): AppRamps {
  const { journal, revisions, switches, store, log, evaluateMs } = parts;
  const gate = createGateCaller(({ url }, error) =>
    log.warn("the gate of a ramp tells nothing", { url, error }),
  );
  const ramps = new Ramps({
    store: journal,
    revision: () => revisions.current,
    reload: (order) => revisions.reload(order),
    switches,
    definitions: (experiment) => analysisPlan(revisions.current.config, experiment, "all").definitions,
    // The parse boundary: the statistics' thread is this package, and this is what it writes.
    read: async (question) => JSON.parse(await store.analyst.ramp(question)) as RampReadings,
    askGate: (asked) => gate.ask(asked),
    decided({ from, to, rule }) {
      if (from.status === to.status && from.step === to.step) return;
      const line = to.status === "rolling_back" ? log.warn : log.info;
      const { experimentId, variantId, status, step, reason, by } = to;
      line("ramp", {
        experimentId,
        variantId,
        rule,
        from: from.status,
        to: status,
        step: step + 1,
        reason,
        by,
      });
    },
    log,
    now: wallNow,
  });
  let controller: ReturnType<typeof startRampController> | undefined;
  return {
    ramps,
    start() {
      controller = startRampController({
        running: () => ramps.running,
        look: (id) => ramps.look(id),
        records: () => store.events.health().writtenRows,
        log,
        now,
        ...(evaluateMs === undefined ? {} : { evaluateMs }),
      });
    },
    async stop() {
      await controller?.stop();
      await gate.close();
    },
  };
}
