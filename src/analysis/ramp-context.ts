/** What every reading of a ramp is worked out from. */
import type { RampConfig } from "../domain/ramp.ts";
import type { MetricDefinition } from "../domain/report.ts";
import type { Phase } from "../domain/store.ts";
import { CellIndex } from "./arms.ts";
import { type FactColumns, noCell } from "./fact-columns.ts";
import type { OutcomeColumns } from "./outcome-columns.ts";
import type { Evidence } from "./report.ts";
import { TableMaker } from "./unit-table.ts";

export type Arm = "treatment" | "control";

/** What has been read of one generation of a ramp. */
export interface RampEvidence extends Evidence {
  readonly config: RampConfig;
  /** Of the SLOs' metrics, at least. */
  readonly definitions: readonly MetricDefinition[];
  /** Facts since the generation began, and none from before: those belong to another α. */
  readonly facts: FactColumns;
  /** Epoch milliseconds. */
  readonly stepStartedAt: number;
}

export interface RampContext {
  readonly config: RampConfig;
  readonly definitions: readonly MetricDefinition[];
  readonly facts: FactColumns;
  readonly outcomes: OutcomeColumns;
  readonly phases: readonly Phase[];
  readonly now: number;
  readonly stepStartedAt: number;
  readonly cells: CellIndex;
  readonly tables: TableMaker;
  /** Indexes of phases in which both arms were served. */
  readonly compared: readonly number[];
  /** The arm of a request by its index; undefined where it is not compared. */
  readonly armOf: (index: number) => Arm | undefined;
  /** Whether a request came before its step's caches were warm, in either arm. */
  readonly isCold: (index: number) => boolean;
}

export function rampContext({
  config,
  definitions,
  facts,
  outcomes,
  phases,
  now,
  stepStartedAt,
}: RampEvidence): RampContext {
  const { controlId, variantId } = config;
  const compared = facts.phases.flatMap((id, index) => {
    const killed = phases.find((phase) => phase.id === id)?.killed ?? [];
    return killed.includes(controlId) || killed.includes(variantId) ? [] : [index];
  });
  const armOf = armsOf(facts, config, new Set(compared));
  return {
    config,
    definitions,
    facts,
    outcomes,
    phases,
    now,
    stepStartedAt,
    cells: new CellIndex(facts),
    tables: new TableMaker(facts),
    compared,
    armOf,
    isCold: coldness(facts, armOf, config.warmUpRequests),
  };
}

function armsOf(
  { cell, cellPhase, cellVariant, cells, variants }: FactColumns,
  { controlId, variantId }: RampConfig,
  compared: ReadonlySet<number>,
): RampContext["armOf"] {
  const [control, treatment] = [variants.indexOf(controlId), variants.indexOf(variantId)];
  const arms = new Uint8Array(cells);
  for (let at = 0; at < cells; at++) {
    if (!compared.has(cellPhase[at] ?? -1)) continue;
    if (cellVariant[at] === treatment) arms[at] = 1;
    if (cellVariant[at] === control) arms[at] = 2;
  }
  return (index) => {
    const at = cell[index] ?? noCell;
    return at === noCell ? undefined : armByCode[arms[at] ?? 0];
  };
}

const armByCode: readonly (Arm | undefined)[] = [undefined, "treatment", "control"];

/** Both arms by the same moment: were the treatment's first requests alone left out, the arms would be of different times. */
function coldness(
  facts: FactColumns,
  armOf: RampContext["armOf"],
  warmUpRequests: number,
): RampContext["isCold"] {
  if (warmUpRequests === 0) return () => false;
  const phaseAt = (index: number) => facts.cellPhase[facts.cell[index] ?? 0] ?? 0;
  const served = new Float64Array(facts.phases.length);
  const warmFrom = new Float64Array(facts.phases.length).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < facts.length; i++) {
    if (armOf(i) !== "treatment") continue;
    const phase = phaseAt(i);
    served[phase] = (served[phase] ?? 0) + 1;
    if (served[phase] === warmUpRequests) warmFrom[phase] = i + 1;
  }
  return (index) => index < (warmFrom[phaseAt(index)] ?? 0);
}
