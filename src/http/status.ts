/** What a running instance says of itself. */
import { guardrailUses } from "../core/guardrail-use.ts";
import { isKilled, scopeName } from "../core/kill-switch.ts";
import type { KeptRamp } from "../core/ramp/journal.ts";
import { rampShares, treatmentShare } from "../core/ramp/shares.ts";
import type { ClientKey } from "../domain/client-key.ts";
import type { Revision } from "../domain/config.ts";
import type { KillSwitch } from "../domain/control.ts";
import type { StoreHealth } from "../domain/store.ts";

/** What serves the traffic, of itself. */
export interface DataPlaneStatus {
  /** Requests whose answer has not ended. */
  readonly active: number;
  /** Where those of the revision in force really are. */
  readonly upstreams: readonly {
    readonly name: string;
    readonly baseUrl: string;
    readonly isScripted: boolean;
  }[];
  readonly breakers: readonly {
    readonly upstream: string;
    /** Redacted: a caller may have named it. */
    readonly model: string;
    readonly state: "closed" | "half_open" | "open";
    readonly retryAfterMs: number;
    /** The worker that has it worst, where there are several. */
    readonly worker?: number;
  }[];
  /** The processes that serve, where there are several. */
  readonly workers?: readonly {
    readonly number: number;
    /** Undefined while a worker that has died is being replaced, as is when it was started. */
    readonly pid: number | undefined;
    readonly startedAt: number | undefined;
    readonly restarts: number;
    /** Undefined until it serves. */
    readonly revision: string | undefined;
    readonly active: number;
  }[];
}

export interface StatusFacts extends DataPlaneStatus {
  readonly version: string;
  /** Of the process that the signals go to. */
  readonly pid: number;
  /** Epoch milliseconds, both. */
  readonly startedAt: number;
  readonly now: number;
  readonly isDraining: boolean;
  readonly revisions: { readonly current: Revision; readonly problems: readonly string[] };
  readonly switches: readonly KillSwitch[];
  /** Of every experiment that has a plan. */
  readonly ramps: readonly KeptRamp[];
  readonly keys: readonly ClientKey[];
  readonly exportsTraces: boolean;
  readonly store: StoreHealth;
}

export function statusView(facts: StatusFacts): Readonly<Record<string, unknown>> {
  const { revisions } = facts;
  return {
    version: facts.version,
    pid: facts.pid,
    uptime_s: Math.round((facts.now - facts.startedAt) / 1000),
    is_draining: facts.isDraining,
    active_requests: facts.active,
    revision: revisions.current.id,
    revision_loaded_at: new Date(revisions.current.loadedAt).toISOString(),
    config_problems: revisions.problems,
    auth: authView(facts),
    kill_switches: facts.switches.map(switchView),
    upstreams: facts.upstreams.map(({ name, baseUrl, isScripted }) => ({
      name,
      base_url: baseUrl,
      is_scripted: isScripted,
    })),
    guardrails: guardrailUses(revisions.current.config).map(({ isShadow, ...use }) => ({
      ...use,
      is_shadow: isShadow,
    })),
    ramps: facts.ramps.map(({ state, plan }) => ({
      experiment: plan.experimentId,
      variant: plan.variantId,
      status: state.status,
      step: state.step + 1,
      steps: plan.steps.length,
      share: isKilled(facts.switches, plan) ? 0 : treatmentShare(rampShares(state, plan), plan),
      is_killed: isKilled(facts.switches, plan),
      reason: state.reason,
    })),
    breakers: facts.breakers.map(({ upstream, model, state, retryAfterMs, worker }) => ({
      upstream,
      model,
      state,
      retry_after_ms: retryAfterMs,
      worker,
    })),
    workers: facts.workers?.map(({ number, pid, startedAt, restarts, revision, active }) => ({
      number,
      pid,
      started_at: startedAt === undefined ? undefined : new Date(startedAt).toISOString(),
      restarts,
      revision,
      active_requests: active,
    })),
    exports_traces: facts.exportsTraces,
    store: storeView(facts.store),
  };
}

function authView({ revisions, keys, now }: StatusFacts) {
  const { mode } = revisions.current.config.auth;
  const standing = keys.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  const held = standing.filter(({ role }) => role === "client");
  return {
    mode,
    client_keys: held.length,
    admin_keys: standing.length - held.length,
    /** Who reaches it may do everything. */
    is_admin_open:
      revisions.current.config.server.adminToken === undefined &&
      !standing.some(({ role }) => role === "administer"),
    hint: mode === "keys" && held.length === 0 ? firstKeyHint : undefined,
  };
}

const firstKeyHint =
  "No client has a key, so all get 401. Make the first one: assay keys create --name <name>";

function storeView(store: StoreHealth) {
  return {
    engine: store.engine,
    state: store.state,
    reason: store.reason,
    queued_rows: store.queuedRows,
    queued_bytes: store.queuedBytes,
    written_rows: store.writtenRows,
    dropped_rows: store.droppedRows,
    writer_restarts: store.writerRestarts,
    damaged_blocks: store.damagedBlocks,
  };
}

export function switchView({ scope, source, by, reason, at }: KillSwitch) {
  return { scope: scopeName(scope), source, by, reason, at: new Date(at).toISOString() };
}
