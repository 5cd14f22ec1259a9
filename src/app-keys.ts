/** The keys, and what they have spent: kept in the state folder from the start to the end. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { now, wallNow } from "./app-foundation.ts";
import { KeyRing } from "./control/key-ring.ts";
import { FailedLogins } from "./core/failed-logins.ts";
import { SpendLedger } from "./core/spend-ledger.ts";
import type { ControlStore } from "./domain/control.ts";
import type { Log } from "./domain/log.ts";
import type { AdminAuthParts } from "./http/admin-auth.ts";
import type { KeysParts } from "./http/admin-keys.ts";
import { openSpendFile } from "./stores/spend-file.ts";

export interface AppKeys {
  readonly ring: KeyRing;
  readonly spend: SpendLedger;
  readonly admin: Omit<AdminAuthParts & KeysParts, "server" | "revision" | "log">;
  /** Keeps what was spent last. */
  close(): Promise<void>;
}

/** What a process that is killed may forget of its keys' spending. */
const saveEveryMs = 2000;

export function openAppKeys(parts: {
  readonly journal: ControlStore;
  readonly stateDir: string;
  readonly log: Log;
  readonly changed: () => void | Promise<void>;
}): AppKeys {
  const { journal, stateDir, log, changed } = parts;
  const file = openSpendFile(join(stateDir, "spend.json"), (message) => log.error(message));
  const ring = new KeyRing({ store: journal, now: wallNow, random: randomBytes, changed });
  const spend = new SpendLedger(wallNow, file.totals);
  let saved = spend.version;
  let saving: Promise<void> = Promise.resolve();
  const save = () => {
    saving = saving.then(async () => {
      const { version } = spend;
      if (version === saved) return;
      try {
        await file.save(spend.totals());
        saved = version;
      } catch (error) {
        log.error("what keys have spent could not be kept; a restart gives it back", { error });
      }
    });
    return saving;
  };
  const timer = setInterval(save, saveEveryMs).unref();
  return {
    ring,
    spend,
    admin: {
      keys: () => ring.table,
      allKeys: () => ring.all,
      async createKey(order) {
        const created = await ring.create(order);
        const { id, name, role } = created.key;
        log.warn("key created", { id, name, role, by: order.by });
        return created;
      },
      async revokeKey(order) {
        const state = await ring.revoke(order);
        log.warn("key revoked", { id: state.key.id, name: state.key.name, by: order.by });
        return state;
      },
      spent: spend,
      failedLogins: new FailedLogins(),
      now,
      wallNow,
    },
    close() {
      clearInterval(timer);
      return save();
    },
  };
}
