/** The ramps of the control plane, and when they are looked at. */
import { join } from "node:path";
import { now, wallNow } from "./app-foundation.ts";
import type { AppStore } from "./app-store.ts";
import { Ramps } from "./control/ramps.ts";
import type { Revisions } from "./control/revisions.ts";
import type { Switchboard } from "./control/switchboard.ts";
import { analysisPlan } from "./core/analysis-plan.ts";
import { newsOf, switchNews } from "./core/ramp/news.ts";
import { hookName, notificationsOf, signatureHeaders } from "./core/ramp/notification.ts";
import type { ControlStore, KillScope, Order } from "./domain/control.ts";
import type { Log } from "./domain/log.ts";
import type { RampReadings } from "./domain/ramp.ts";
import type { RampHook, RampNews } from "./domain/ramp-news.ts";
import { createNotifier, type Notifier } from "./jobs/notifier.ts";
import { startRampController } from "./jobs/ramp-controller.ts";
import { openOutboxFile } from "./stores/outbox-file.ts";
import type { Outgoing } from "./telemetry/outgoing.ts";
import { tellRampNews } from "./telemetry/ramp-event.ts";
import type { EventSink } from "./telemetry/span-sink.ts";
import { createGateCaller } from "./upstreams/prometheus-gate.ts";
import { createWebhookCaller } from "./upstreams/webhook.ts";

export interface AppRamps {
  readonly ramps: Ramps;
  readonly notifications: Notifier;
  /** An operator's kill switch was set, or lifted: whoever listens to a ramp that it covers hears of it. */
  switched(event: "killed" | "revived", order: Order & { readonly scope: KillScope }): void;
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
  /** Undefined when logs are not exported. */
  readonly events: () => EventSink | undefined;
  readonly outgoing: Pick<Outgoing, "written">;
}): AppRamps {
  const { journal, revisions, switches, store, log, stateDir, evaluateMs, events, outgoing } = parts;
  const hooksOf = (experimentId: string): readonly RampHook[] =>
    revisions.current.config.experiments[experimentId]?.rampHooks ?? [];
  const notifications = openNotifications({ stateDir, log, hooksOf });
  const tell = (plain: RampNews) => {
    try {
      // What an operator writes is kept as it is, and leaves as all that leaves.
      const [by, reason] = [outgoing.written(plain.by), outgoing.written(plain.reason)];
      const news = { ...plain, by, reason };
      notifications.tell(notificationsOf(news, hooksOf(news.experimentId)));
      const sink = events();
      if (sink !== undefined) tellRampNews(sink, news, outgoing);
    } catch (error) {
      // A bug may cost an event, never what was decided.
      log.error("an event of a ramp could not be told", { event: plain.event, error });
    }
  };
  const gate = createGateCaller(({ url }, why) => log.warn("the gate of a ramp tells nothing", { url, why }));
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
      const news = newsOf(transition, plan);
      if (news !== undefined) tell(news);
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
    switched(event, order) {
      const standing = { ramps: ramps.all, switches: switches.switches, at: wallNow() };
      for (const news of switchNews(event, order, standing)) tell(news);
    },
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
