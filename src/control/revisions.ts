/** The configuration in force, and how a new one takes its place: whole, or not at all. */

import { isDeepStrictEqual } from "node:util";
import { continuityProblems, exposureBy } from "../core/continuity.ts";
import { sharesOf } from "../core/shares.ts";
import type { Config, Revision, RevisionSource } from "../domain/config.ts";
import type { AllocatedEvent, ControlEvent, ControlStore, Order, Shares } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";

/** A checked configuration, or every problem as `file:line:column message`. */
export type LoadedRevision =
  | { readonly revision: Revision; readonly source: RevisionSource; readonly files: readonly string[] }
  | { readonly problems: readonly string[]; readonly files: readonly string[] };

export interface ReloadResult {
  readonly result: "applied" | "unchanged" | "refused";
  readonly revision: string;
  readonly problems: readonly string[];
}

export interface AllocationOrder extends Order {
  readonly experimentId: string;
  readonly shares: Shares | undefined;
}

export interface RevisionParts {
  /** Reads the disk, and lays what these events set by hand over it. */
  readonly load: (events: readonly ControlEvent[]) => LoadedRevision;
  /** Makes ready what the revision needs, and gives the step that puts it in force. */
  readonly prepare: (revision: Revision, source: RevisionSource) => Promise<() => void | Promise<void>>;
  readonly store: ControlStore;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly onReload: (result: ReloadResult["result"]) => void;
  /** Keys for which the command line has given another value. */
  readonly overruled?: readonly string[];
}

export class Revisions {
  readonly #parts: RevisionParts;
  #current: Revision;
  #files: readonly string[];
  #problems: readonly string[] = [];
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor(parts: RevisionParts, current: Revision, files: readonly string[]) {
    this.#parts = parts;
    this.#current = current;
    this.#files = files;
  }

  /** The first revision. Throws `config_invalid` with all problems: there is no last good one to keep. */
  static async open(parts: RevisionParts): Promise<Revisions> {
    const loaded = parts.load(parts.store.read());
    if ("problems" in loaded) throw new Failure("config_invalid", loaded.problems.join("\n"));
    const problems = continuityProblems(loaded.revision, parts.store.read());
    if (problems.length > 0) throw new Failure("assignment_conflict", problems.join("\n"));
    const putInForce = await parts.prepare(loaded.revision, loaded.source);
    await expose(parts, loaded.revision);
    await putInForce();
    return new Revisions(parts, loaded.revision, loaded.files);
  }

  get current(): Revision {
    return this.#current;
  }

  /** All files that the configuration was read from. */
  get files(): readonly string[] {
    return this.#files;
  }

  /** Why what is on disk is not in force; empty when it is. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** One after the other, so that the last state of the disk wins. */
  reload(order: Order): Promise<ReloadResult> {
    const result = this.#reloading.then(() => this.#reload(order));
    this.#reloading = result.catch(() => {});
    return result;
  }

  /**
   * Sets an experiment's shares by hand, or with undefined gives the file's own back. Refused as a whole file would be, and
   * then nothing has changed.
   */
  allocate(order: AllocationOrder): Promise<ReloadResult> {
    const result = this.#reloading.then(() => this.#allocate(order));
    this.#reloading = result.catch(() => {});
    return result;
  }

  async #allocate(order: AllocationOrder): Promise<ReloadResult> {
    const { load, store, now } = this.#parts;
    const events = store.read();
    const refused = (problems: readonly string[]): ReloadResult => ({
      result: "refused",
      revision: this.#current.id,
      problems,
    });
    // The file's own shares are what it says without anything set by hand.
    const file = load([]);
    if ("problems" in file) return refused(file.problems);
    const experiment = file.revision.config.experiments[order.experimentId];
    if (experiment === undefined)
      return refused([`experiment "${order.experimentId}" is not on disk any more`]);
    const { experimentId, shares: _, ...who } = order;
    const base = sharesOf(experiment);
    const current = this.#current.config.experiments[experimentId];
    const before = current === undefined ? base : sharesOf(current);
    const event = { kind: "allocated", at: now(), ...order, base, before } as const;
    const loaded = load([...events, event]);
    if ("problems" in loaded) return refused(loaded.problems);
    const problems = continuityProblems(loaded.revision, events);
    if (problems.length > 0) return refused(problems);
    if (loaded.revision.id === this.#current.id) {
      await store.append(event);
      return { result: "unchanged", revision: this.#current.id, problems: [] };
    }
    try {
      return await this.#putInForce(loaded, { ...who, allocated: event });
    } catch (error) {
      return refused([failureText(loaded.revision, error)]);
    }
  }

  async #reload(order: Order): Promise<ReloadResult> {
    const { load, store, log, onReload } = this.#parts;
    const loaded = load(store.read());
    this.#files = loaded.files;
    if ("problems" in loaded) return this.#refuse(loaded.problems, order);
    const problems = continuityProblems(loaded.revision, store.read());
    if (problems.length > 0) return this.#refuse(problems, order);
    if (loaded.revision.id === this.#current.id) {
      if (this.#problems.length > 0)
        log.info("configuration on disk is valid again", { revision: this.#current.id });
      this.#problems = [];
      onReload("unchanged");
      return { result: "unchanged", revision: this.#current.id, problems: [] };
    }
    try {
      return await this.#putInForce(loaded, order);
    } catch (error) {
      return this.#refuse([failureText(loaded.revision, error)], order);
    }
  }

  /** One fact of the journal for all that changes: neither a crash nor a full disk leaves half of it. */
  async #putInForce(
    { revision, source, files }: Extract<LoadedRevision, { revision: Revision }>,
    order: Order & { readonly allocated?: AllocatedEvent },
  ): Promise<ReloadResult> {
    const { prepare, store, log, now, onReload, overruled = [] } = this.#parts;
    const commit = await prepare(revision, source);
    const exposure = exposureBy(revision, store.read());
    const before = this.#current.id;
    await store.append({ kind: "revision", at: now(), ...order, revision: revision.id, before, ...exposure });
    const isEverywhere = commit();
    this.#files = files;
    this.#problems = [];
    for (const key of fixedChanges(this.#current, revision)) {
      const when = overruled.includes(key) ? "the command line wins over it" : "takes effect after a restart";
      log.warn(`${key} has changed, and ${when}`);
    }
    this.#current = revision;
    await isEverywhere;
    onReload("applied");
    log.info("configuration in force", { revision: revision.id, by: order.by });
    return { result: "applied", revision: revision.id, problems: [] };
  }

  async #refuse(problems: readonly string[], order: Order): Promise<ReloadResult> {
    const { store, log, now, onReload } = this.#parts;
    const isKnown = problems.join("\n") === this.#problems.join("\n");
    this.#problems = problems;
    onReload("refused");
    log.error("configuration refused; the last good one stays", { problems, revision: this.#current.id });
    // The audit trail is the least of the worries where the disk is what failed.
    const note = {
      kind: "revision_refused",
      at: now(),
      ...order,
      reason: problems.join("\n"),
    } as const;
    if (!isKnown) await store.append(note).catch((error) => log.error("refusal not kept", { error }));
    return { result: "refused", revision: this.#current.id, problems };
  }
}

/** Kept before the first unit meets it: a crash may over-state what was met, never forget it. */
async function expose({ store, now }: RevisionParts, revision: Revision): Promise<void> {
  const exposure = exposureBy(revision, store.read());
  if (exposure.entries.length === 0 && Object.keys(exposure.prompts).length === 0) return;
  await store.append({ kind: "exposed", at: now(), ...exposure });
}

function failureText(revision: Revision, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `revision ${revision.id} could not be put in force: ${text}`;
}

/** Settings that are read when the process starts. */
function fixedChanges({ config: before }: Revision, { config: after }: Revision): string[] {
  const changed: [string, boolean][] = [
    ["server.host", before.server.host !== after.server.host],
    ["server.port", before.server.port !== after.server.port],
    ["server.admin.host", before.server.adminHost !== after.server.adminHost],
    ["server.admin.port", before.server.adminPort !== after.server.adminPort],
    ["server.limits.connections", before.server.maxConnections !== after.server.maxConnections],
    ["server.workers", before.server.workers !== after.server.workers],
    ["server.state_dir", before.stateDir !== after.stateDir],
    ["store", !isDeepStrictEqual(storeOf(before), storeOf(after))],
    ["telemetry.service_name", before.telemetry.serviceName !== after.telemetry.serviceName],
    ["telemetry.environment", before.telemetry.environment !== after.telemetry.environment],
  ];
  return changed.flatMap(([key, hasChanged]) => (hasChanged ? [key] : []));
}

/** All but what holds from the next request on. */
function storeOf({ store: { durability: _, content: _content, ...fixed } }: Config) {
  return fixed;
}
