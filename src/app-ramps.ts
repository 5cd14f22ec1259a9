/** The ramps of the control plane, and when they are looked at. */
import { join } from "node:path";
import { now, wallNow } from "./app-foundation.ts";
import type { AppStore } from "./app-store.ts";
import { Ramps } from "./control/ramps.ts";
import type { Revisions } from "./control/revisions.ts";
import type { Switchboard } from "./control/switchboard.ts";
import { analysisPlan } from "./core/analysis-plan.ts";
import { hookName, notificationsOf, signatureHeaders } from "./core/ramp/notification.ts";
import type { ControlStore } from "./domain/control.ts";
import type { Log } from "./domain/log.ts";
import type { RampHook, RampReadings } from "./domain/ramp.ts";
import { createNotifier, type Notifier } from "./jobs/notifier.ts";
import { startRampController } from "./jobs/ramp-controller.ts";
import { openOutboxFile } from "./stores/outbox-file.ts";
import { createGateCaller } from "./upstreams/prometheus-gate.ts";
import { createWebhookCaller } from "./upstreams/webhook.ts";

export interface AppRamps {
  readonly ramps: Ramps;
  readonly notifications: Notifier;
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
  readonly stateDir: string;
  readonly evaluateMs: number | undefined;
}): AppRamps {
  const { journal, revisions, switches, store, log, stateDir, evaluateMs } = parts;
  const hooksOf = (experimentId: string): readonly RampHook[] =>
    revisions.current.config.experiments[experimentId]?.rampHooks ?? [];
  const notifications = openNotifications({ stateDir, log, hooksOf });
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
    decided(transition, plan) {
      notifications.tell(notificationsOf(transition, plan, hooksOf(plan.experimentId)));
      const { from, to, rule } = transition;
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
    notifications,
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
      const stopped = controller?.stop();
      // A look that waits for the gate ends with it, and one without a gate's answer raises nothing.
      await gate.close();
      await stopped;
      await notifications.stop();
    },
  };
}

function openNotifications(parts: {
  readonly stateDir: string;
  readonly log: Log;
  readonly hooksOf: (experimentId: string) => readonly RampHook[];
}): Notifier {
  const { stateDir, log, hooksOf } = parts;
  const file = openOutboxFile(join(stateDir, "notifications.json"), (message) => log.error(message));
  const webhooks = createWebhookCaller();
  const notifier = createNotifier({
    async send(notification) {
      const { experimentId, contentType, body } = notification;
      const hook = hooksOf(experimentId).find((one) => hookName(one) === notification.hook);
      if (hook === undefined) throw new Error("its hook is in the configuration no longer");
      const headers = { "content-type": contentType, ...signatureHeaders(notification, hook, wallNow()) };
      await webhooks.post({ url: hook.url.reveal(), headers, body });
    },
    kept: file.kept,
    keep: (outbox) => file.save(outbox),
    log,
  });
  return {
    ...notifier,
    get outbox() {
      return notifier.outbox;
    },
    async stop() {
      await notifier.stop();
      await webhooks.close();
    },
  };
}
