import type { LedgerEntry } from "./experiment.ts";
import type { Forgotten } from "./store.ts";

/** What a kill covers: everything, one experiment, or one variant of it. */
export type KillScope =
  | { readonly kind: "all" }
  | { readonly kind: "experiment"; readonly experimentId: string }
  | { readonly kind: "variant"; readonly experimentId: string; readonly variantId: string };

export interface KillSwitch {
  readonly scope: KillScope;
  readonly source: "environment" | "admin";
  readonly by: string;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** How many units each variant gets: what an operator may change without a new file. */
export interface Shares {
  readonly coverage: number;
  /** By variant, all of them. */
  readonly weights: Readonly<Record<string, number>>;
}

/** Shares that were set by hand; undefined gives the file's own back. */
export interface AllocatedEvent {
  readonly kind: "allocated";
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  readonly experimentId: string;
  readonly shares: Shares | undefined;
  /** What the file said then: once it says something else, the file has the last word. */
  readonly base: Shares;
}

/** A fact of the control plane, in the order that it came to pass. */
export type ControlEvent =
  | {
      readonly kind: "killed";
      readonly at: number;
      readonly by: string;
      readonly reason: string;
      readonly scope: KillScope;
    }
  | {
      readonly kind: "revived";
      readonly at: number;
      readonly by: string;
      readonly reason: string;
      readonly scope: KillScope;
    }
  | {
      readonly kind: "revision";
      readonly at: number;
      readonly by: string;
      readonly reason: string;
      readonly revision: string;
      /** The order that it carries out, when it is one. */
      readonly allocated?: AllocatedEvent;
      /** Positions that meet a variant first under this revision: one fact with it, so that neither stands without the other. */
      readonly entries: readonly LedgerEntry[];
      readonly prompts: Readonly<Record<string, string>>;
    }
  | AllocatedEvent
  | {
      readonly kind: "unit_forgotten";
      readonly at: number;
      readonly by: string;
      readonly reason: string;
      /** The id itself is nowhere. */
      readonly unitHash: string;
      readonly forgotten: Forgotten;
    }
  | { readonly kind: "revision_refused"; readonly at: number; readonly by: string; readonly reason: string }
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
