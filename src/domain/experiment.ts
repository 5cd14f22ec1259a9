import type { UnitSource, UnitType } from "./config.ts";

/** Why a request got what it got; the value of `x-assay-assignment`. */
export type AssignmentReason =
  | "split"
  | "not_exposed"
  | "holdout"
  | "not_eligible"
  | "not_in_layer"
  | "no_unit"
  | "pinned"
  | "killed"
  | "no_experiment";

/** The unit that was randomised, and where its id was found. */
export interface Unit {
  readonly type: UnitType;
  readonly id: string;
  readonly source: UnitSource | { readonly kind: "request" };
}

export interface Assignment {
  readonly experimentId: string;
  /** The variant that the unit belongs to by the split; the analysis compares by this one. */
  readonly assignedVariantId: string;
  /** The variant that serves: another one when killed. */
  readonly servedVariantId: string;
  readonly reason: AssignmentReason;
  /** Integer on [0, 2^32), undefined where no unit was found. */
  readonly position: number | undefined;
  readonly unit: Unit | undefined;
  /** Id of the session that the request told, whatever the unit is. */
  readonly sessionId: string | undefined;
  /** The phase that the request falls into; undefined where no unit was assigned. */
  readonly phase: string | undefined;
  /** True for requests that count: a split, whether killed or not. */
  readonly isExposed: boolean;
}

/** `[start, end)` on the line of positions, integers of [0, 2^32]. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

export interface VariantRange extends PositionRange {
  readonly variantId: string;
}

/** Which positions each variant owns. */
export interface Allocation {
  readonly ranges: readonly VariantRange[];
  readonly holdout: PositionRange | undefined;
}

/** One line of the range ledger: these positions have met this variant under this salt. */
export interface LedgerEntry extends VariantRange {
  readonly experimentId: string;
  /** Names hash, salt and unit type: what must not change while positions are to keep their meaning. */
  readonly line: string;
}
