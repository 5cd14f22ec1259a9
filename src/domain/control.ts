import type { ClientKey } from "./client-key.ts";
import type { LedgerEntry } from "./experiment.ts";
import type { RampConfig, RampTransition } from "./ramp.ts";
import type { Forgotten } from "./store.ts";

/** What a kill covers: everything, one experiment, or one variant of it. */
export type KillScope =
  | { readonly kind: "all" }
  | { readonly kind: "experiment"; readonly experimentId: string }
  | { readonly kind: "variant"; readonly experimentId: string; readonly variantId: string };

export interface KillSwitch {
  readonly scope: KillScope;
  /** `ramp`: a ramp took its treatment back. */
  readonly source: "environment" | "admin" | "ramp";
  readonly by: string;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What holds for every request from the moment that it is told, whatever the revision. */
export interface Standing {
  readonly switches: readonly KillSwitch[];
  readonly keys: readonly ClientKey[];
}

/** How many units each variant gets: what an operator may change without a new file. */
export interface Shares {
  readonly coverage: number;
  /** By variant, all of them. */
  readonly weights: Readonly<Record<string, number>>;
}

/** Who changes something, and why. */
export interface Order {
  /** The name of the key that the change came with; without a named key, who the request says. */
  readonly by: string;
  readonly byKeyId?: string | undefined;
  /** Who the request says, beside its key's name. */
  readonly claimedBy?: string | undefined;
  readonly reason: string;
}

interface Change extends Order {
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Shares that were set by hand; undefined gives the file's own back. */
export interface AllocatedEvent extends Change {
  readonly kind: "allocated";
  readonly experimentId: string;
  readonly shares: Shares | undefined;
  /** What the file said then: once it says something else, the file has the last word. */
  readonly base: Shares;
  /** What was in force until then. */
  readonly before?: Shares;
}

/** One decision of a ramp, and the shares that it wants from then on. */
export interface RampEvent extends Change {
  readonly kind: "ramp";
  readonly experimentId: string;
  readonly transition: RampTransition;
  readonly shares: Shares;
  readonly incumbentId: string;
  /** What the generation goes by, told where it begins. */
  readonly plan?: RampConfig;
}

/** What may say other shares than the file. */
export type SharesEvent = AllocatedEvent | RampEvent;

export interface KeyCreatedEvent extends Change {
  readonly kind: "key_created";
  readonly key: ClientKey;
}

export interface KeyRevokedEvent extends Change {
  readonly kind: "key_revoked";
  readonly keyId: string;
}

/** A fact of the control plane, in the order that it came to pass. */
export type ControlEvent =
  | (Change & {
      readonly kind: "killed" | "revived";
      readonly scope: KillScope;
      /** Without one it was an operator. */
      readonly source?: "ramp";
    })
  | (Change & {
      readonly kind: "revision";
      readonly revision: string;
      /** The revision in force until then. */
      readonly before?: string;
      /** The order that it carries out, when it is one. */
      readonly allocated?: AllocatedEvent;
      /** Positions that meet a variant first under this revision: one fact with it, so that neither stands without the other. */
      readonly entries: readonly LedgerEntry[];
      readonly prompts: Readonly<Record<string, string>>;
    })
  | AllocatedEvent
  | RampEvent
  | (Change & {
      readonly kind: "unit_forgotten";
      /** The id itself is nowhere. */
      readonly unitHash: string;
      readonly forgotten: Forgotten;
    })
  | (Change & { readonly kind: "revision_refused" })
  | KeyCreatedEvent
  | KeyRevokedEvent
  | {
      readonly kind: "exposed";
      readonly at: number;
      readonly entries: readonly LedgerEntry[];
      /** SHA-256 of prompt versions that units meet, by `name@version`. */
      readonly prompts: Readonly<Record<string, string>>;
    };

/** Keeps the control plane's facts, oldest first. An append is durable when its promise resolves. */
export interface ControlStore {
  read(): readonly ControlEvent[];
  append(event: ControlEvent): Promise<void>;
  close(): Promise<void>;
}
