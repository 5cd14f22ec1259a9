/** The configuration in force, and how a new one takes its place: whole, or not at all. */
import { conflicts, newEntries } from "../core/range-ledger.ts";
import type { Revision } from "../domain/config.ts";
import type { ControlStore } from "../domain/control.ts";
import type { LedgerEntry } from "../domain/experiment.ts";
import { Failure } from "../domain/failure.ts";
import type { Log } from "../domain/log.ts";

/** A checked configuration, or every problem as `file:line:column message`. */
export type LoadedRevision =
  | { readonly revision: Revision; readonly files: readonly string[] }
  | { readonly problems: readonly string[]; readonly files: readonly string[] };

export interface ReloadResult {
  readonly result: "applied" | "unchanged" | "refused";
  readonly revision: string;
  readonly problems: readonly string[];
}

export interface RevisionParts {
  readonly load: () => LoadedRevision;
  /** Makes ready what the revision needs, and gives the step that puts it in force. */
  readonly prepare: (revision: Revision) => Promise<() => void>;
  readonly store: ControlStore;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly onReload: (result: ReloadResult["result"]) => void;
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
    const loaded = parts.load();
    if ("problems" in loaded) throw new Failure("config_invalid", loaded.problems.join("\n"));
    const moved = movedUnits(loaded.revision, ledgerOf(parts.store));
    if (moved.length > 0) throw new Failure("assignment_conflict", moved.join("\n"));
    const putInForce = await parts.prepare(loaded.revision);
    await expose(parts, loaded.revision);
    putInForce();
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
  reload(by: string, reason: string): Promise<ReloadResult> {
    const result = this.#reloading.then(() => this.#reload(by, reason));
    this.#reloading = result.catch(() => {});
    return result;
  }

  async #reload(by: string, reason: string): Promise<ReloadResult> {
    const { load, prepare, store, log, now, onReload } = this.#parts;
    const loaded = load();
    this.#files = loaded.files;
    if ("problems" in loaded) return this.#refuse(loaded.problems, by);
    const moved = movedUnits(loaded.revision, ledgerOf(store));
    if (moved.length > 0) return this.#refuse(moved, by);
    if (loaded.revision.id === this.#current.id) {
      this.#problems = [];
      onReload("unchanged");
      return { result: "unchanged", revision: this.#current.id, problems: [] };
    }
    try {
      const putInForce = await prepare(loaded.revision);
      const entries = exposedBy(loaded.revision, ledgerOf(store));
      await store.append({ kind: "revision", at: now(), by, reason, revision: loaded.revision.id, entries });
      putInForce();
    } catch (error) {
      return this.#refuse([`revision ${loaded.revision.id} could not be put in force: ${textOf(error)}`], by);
    }
    this.#problems = [];
    this.#current = loaded.revision;
    onReload("applied");
    log.info("configuration in force", { revision: this.#current.id, by });
    return { result: "applied", revision: this.#current.id, problems: [] };
  }

  async #refuse(problems: readonly string[], by: string): Promise<ReloadResult> {
    const { store, log, now, onReload } = this.#parts;
    const isKnown = problems.join("\n") === this.#problems.join("\n");
    this.#problems = problems;
    onReload("refused");
    log.error("configuration refused; the last good one stays", { problems, revision: this.#current.id });
    // The audit trail is the least of the worries where the disk is what failed.
    const note = { kind: "revision_refused", at: now(), by, reason: problems.join("\n") } as const;
    if (!isKnown) await store.append(note).catch((error) => log.error("refusal not kept", { error }));
    return { result: "refused", revision: this.#current.id, problems };
  }
}

/** Positions are in the ledger before the first unit meets a variant there: a crash may over-state, never forget. */
async function expose({ store, now }: RevisionParts, revision: Revision): Promise<void> {
  const entries = exposedBy(revision, ledgerOf(store));
  if (entries.length > 0) await store.append({ kind: "exposed", at: now(), entries });
}

function exposedBy(revision: Revision, ledger: readonly LedgerEntry[]): LedgerEntry[] {
  return Object.values(revision.config.experiments).flatMap((experiment) => {
    const allocation = revision.allocations.get(experiment.id);
    return allocation === undefined ? [] : newEntries(ledger, experiment, allocation);
  });
}

function movedUnits(revision: Revision, ledger: readonly LedgerEntry[]): string[] {
  return Object.values(revision.config.experiments).flatMap((experiment) => {
    const allocation = revision.allocations.get(experiment.id);
    return allocation === undefined
      ? []
      : conflicts(ledger, experiment, allocation).map(({ message }) => message);
  });
}

function ledgerOf(store: ControlStore): LedgerEntry[] {
  return store
    .read()
    .flatMap((event) => (event.kind === "exposed" || event.kind === "revision" ? event.entries : []));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
