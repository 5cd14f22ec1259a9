import type { ExperimentConfig, VariantConfig } from "../domain/config.ts";
import type { Allocation, PositionRange, VariantRange } from "../domain/experiment.ts";
import { boundaryAt, hasPositions, lineLength, percent } from "./line.ts";
import { sdkLayout } from "./sdk-layout.ts";

/**
 * Which positions each variant owns. `assay_v1`: two variants grow from both ends of the line, so that either may grow
 * without taking from the other; more of them fill a band each, the control the first one, then the treatments by id.
 * The other hashes take the layout of their own system. The holdout is the end of the control's positions. Call it for
 * experiments without an `allocationProblem`. Ranges are sorted, disjoint and not empty.
 */
export function allocate(experiment: ExperimentConfig): Allocation {
  const owned = layoutOf(experiment);
  const holdout = holdoutOf(experiment, owned);
  const ranges = owned
    .map((range) => withoutHoldout(range, range.variantId === experiment.controlId ? holdout : undefined))
    .filter(hasPositions)
    .toSorted((one, other) => one.start - other.start);
  return { ranges, holdout };
}

/** Why the shares cannot be laid out, and the cure; undefined when they can. */
export function allocationProblem(experiment: ExperimentConfig): string | undefined {
  if (totalWeight(experiment) <= 0) {
    return `the weights of experiment "${experiment.id}" sum to 0; give at least one variant a weight`;
  }
  return sdkProblem(experiment) ?? bandProblem(experiment) ?? holdoutProblem(experiment);
}

function layoutOf(experiment: ExperimentConfig): readonly VariantRange[] {
  const layout = sdkLayout(experiment);
  if (layout !== undefined) {
    return experiment.variants.map((variant, index) => ({
      variantId: variant.id,
      ...(layout[index] ?? { start: 0, end: 0 }),
    }));
  }
  return experiment.variants.length <= 2 ? bothEnds(experiment) : bands(experiment);
}

function bothEnds(experiment: ExperimentConfig): readonly VariantRange[] {
  const treatment = experiment.variants.find((variant) => variant.id !== experiment.controlId);
  const end = treatment === undefined ? 0 : boundaryAt(shareOfVariant(experiment, treatment));
  const control = experiment.variants.find((variant) => variant.id === experiment.controlId);
  const share = control === undefined ? 0 : shareOfVariant(experiment, control);
  // A full split meets exactly, whatever rounding does to its two shares.
  const start = experiment.coverage === 1 ? end : Math.max(end, boundaryAt(1 - share));
  const ranges: VariantRange[] = [{ variantId: experiment.controlId, start, end: lineLength }];
  if (treatment !== undefined) ranges.push({ variantId: treatment.id, start: 0, end });
  return ranges;
}

function bands(experiment: ExperimentConfig): readonly VariantRange[] {
  const count = experiment.variants.length;
  return bandOrder(experiment).map((variant, index) => {
    const share = shareOfVariant(experiment, variant);
    const bandEnd = boundaryAt((index + 1) / count);
    return {
      variantId: variant.id,
      start: boundaryAt(index / count),
      end: Math.min(bandEnd, boundaryAt(index / count + share)),
    };
  });
}

// By id, so that the order in which a file lists its treatments moves nobody.
function bandOrder(experiment: ExperimentConfig): readonly VariantConfig[] {
  const rank = (variant: VariantConfig) => (variant.id === experiment.controlId ? 0 : 1);
  return experiment.variants.toSorted(
    (one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1),
  );
}

/**
 * With two variants the last part of the control's end; with more the first part of the control's band. Both stand still when
 * the coverage changes: a holdout that wandered would expose the units that it was to keep.
 */
function holdoutOf(experiment: ExperimentConfig, owned: readonly VariantRange[]): PositionRange | undefined {
  const control = owned.find((range) => range.variantId === experiment.controlId);
  if (control === undefined || experiment.holdout <= 0) return undefined;
  const length = boundaryAt(experiment.holdout);
  const holdout = growsFromEnd(experiment)
    ? { start: Math.max(control.start, control.end - length), end: control.end }
    : { start: control.start, end: Math.min(control.end, control.start + length) };
  return hasPositions(holdout) ? holdout : undefined;
}

function growsFromEnd({ hash, variants }: ExperimentConfig): boolean {
  return hash === "assay_v1" && variants.length <= 2;
}

function withoutHoldout(range: VariantRange, holdout: PositionRange | undefined): VariantRange {
  if (holdout === undefined) return range;
  return holdout.start === range.start ? { ...range, start: holdout.end } : { ...range, end: holdout.start };
}

// Shares are quotients: a comparison leaves room for their rounding.
const tolerance = 1e-9;

function bandProblem(experiment: ExperimentConfig): string | undefined {
  const count = experiment.variants.length;
  if (experiment.hash !== "assay_v1" || count <= 2) return undefined;
  const largest = experiment.variants.reduce((most, variant) =>
    variant.weight > most.weight ? variant : most,
  );
  const share = shareOfVariant(experiment, largest);
  if (share <= 1 / count + tolerance) return undefined;
  const cure = Math.floor((10_000 * totalWeight(experiment)) / (count * largest.weight)) / 10_000;
  return (
    `variant "${largest.id}" of experiment "${experiment.id}" gets ${percent(share)} of the line, and each of ` +
    `${count} variants can own at most ${percent(1 / count)}; set coverage to ${cure} or less, or even the weights out`
  );
}

function holdoutProblem(experiment: ExperimentConfig): string | undefined {
  const control = experiment.variants.find((variant) => variant.id === experiment.controlId);
  const share = control === undefined ? 0 : shareOfVariant(experiment, control);
  if (experiment.holdout <= share + tolerance) return undefined;
  return (
    `holdout ${experiment.holdout} of experiment "${experiment.id}" is more than the ${percent(share)} that its ` +
    `control "${experiment.controlId}" owns; lower the holdout or give the control more weight`
  );
}

function sdkProblem(experiment: ExperimentConfig): string | undefined {
  if (experiment.hash === "assay_v1") return undefined;
  if (experiment.hashSecret !== undefined) {
    return (
      `hash ${experiment.hash} of experiment "${experiment.id}" cannot be keyed; take the hash secret away or use ` +
      `hash assay_v1`
    );
  }
  if (experiment.hash !== "unleash_murmur3" || experiment.coverage === 1) return undefined;
  return (
    `coverage ${experiment.coverage} of experiment "${experiment.id}" cannot agree with Unleash, which draws its ` +
    `rollout from another hash; set coverage to 1`
  );
}

function shareOfVariant(experiment: ExperimentConfig, variant: VariantConfig): number {
  const total = totalWeight(experiment);
  return total > 0 ? (experiment.coverage * variant.weight) / total : 0;
}

function totalWeight(experiment: ExperimentConfig): number {
  return experiment.variants.reduce((sum, variant) => sum + variant.weight, 0);
}
