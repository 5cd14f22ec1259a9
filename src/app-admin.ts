/** The admin API over the parts of a control plane. */
import type { Server } from "node:http";
import type { Phase, Running } from "./app-control-plane.ts";
import { wallNow } from "./app-foundation.ts";
import { listenerOf } from "./app-listener.ts";
import { forgetUnit } from "./control/forget-unit.ts";
import { unitHasher } from "./core/unit-hash.ts";
import { adminApp } from "./http/admin.ts";
import { createHttpServer } from "./http/server.ts";
import { statusView } from "./http/status.ts";
import type { Telemetry } from "./telemetry/sdk.ts";
import { version } from "./version.ts";

export function adminServer(
  { log, unitHashKey, switches, revisions, ramps, opened }: Running,
  facts: {
    readonly telemetry: Telemetry;
    readonly phase: () => Phase;
    readonly maxConnections: number;
  },
): Server {
  const { data, store, keys, journal } = opened;
  const { telemetry, phase, maxConnections } = facts;
  const startedAt = wallNow();
  const app = adminApp({
    server: () => revisions.current.config.server,
    revision: () => revisions.current,
    unready() {
      const now = phase();
      if (now !== "serving") return now;
      return data.isReady() ? undefined : "no_worker";
    },
    log,
    switches: () => switches.switches,
    kill: async (order) => {
      try {
        await switches.kill(order);
      } finally {
        // One that could not be kept is in force all the same.
        log.warn("kill switch on", { ...order });
        ramps.switched("killed", order);
      }
    },
    revive: async (order) => {
      await switches.revive(order);
      log.warn("kill switch off", { ...order });
      ramps.switched("revived", order);
    },
    reload: (order) => revisions.reload(order),
    allocate: (order) => revisions.allocate(order),
    forget: async (order) => {
      // A worker's answer comes behind the records that it has handed over.
      const ports = { journal, store: store.events, gather: () => data.status(), now: wallNow };
      const forgotten = await forgetUnit(ports, order);
      log.warn("a unit is forgotten", { by: order.by, reason: order.reason, ...forgotten });
      return forgotten;
    },
    ...keys.admin,
    analyst: store.analyst,
    ramps: ramps.ramps,
    notifications: ramps.notifications,
    unitHash: unitHasher(unitHashKey),
    events: () => journal.read(),
    records: (filter) => store.events.recent(filter),
    content: (requestId) => store.events.content(requestId),
    metrics: () => telemetry.prometheus(),
    status: async () =>
      statusView({
        ...(await data.status()),
        version,
        startedAt,
        now: wallNow(),
        pid: process.pid,
        isDraining: phase() === "draining",
        revisions,
        switches: switches.switches,
        ramps: ramps.ramps.all,
        keys: keys.ring.table.keys,
        exportsTraces: telemetry.exportsTraces,
        store: opened.store.events.health(),
      }),
  });
  return createHttpServer(listenerOf(app), maxConnections);
}
