/** A treatment that grows from 1 % to half of the users, while the world changes under it. */
import type { ArmUnits, Stratum } from "../../src/analysis/arms.ts";
import { alwaysValid, fixedHorizon, pooledEffect } from "../../src/analysis/pooled-effect.ts";
import type { Random } from "../../src/analysis/random.ts";
import { claimOf } from "./claim.ts";
import { leastUnits, Watch } from "./looks.ts";
import { iccs, type Study } from "./study.ts";
import { baseRate, ownRate, visitsOf } from "./traffic.ts";
import { stratumOf } from "./unit-sums.ts";

const users = 2_000;
const steps = [0.01, 0.05, 0.1, 0.25, 0.5];
const looksPerStep = 2;
/** Of everybody's rate of success, at each step: the questions get harder, in both arms alike. */
const drift = [0.1, 0.05, 0, -0.1, -0.2];
const effect = 0.08;

export const ramps: readonly Study[] = iccs.map((icc) => ({
  id: `ramps ${icc}`,
  table: "ramps",
  part: 0.25,
  run: ({ runs, of }) => {
    const watches = methods.map(({ name, isOurs }) => new Watch({ name, isOurs, nominal: 0.05 }));
    for (let run = 0; run < runs; run++) {
      follow(drawRamp(of(run, "null"), icc, 0), watches, 0);
      for (const watch of watches) watch.endNull();
      follow(drawRamp(of(run, "effect"), icc, effect), watches, effect);
      for (const watch of watches) watch.endEffect();
    }
    return watches.map(({ score }) => score.row(`${users.toLocaleString("en")} users, ICC ${icc}`));
  },
}));

interface MethodOfRamps {
  readonly name: string;
  readonly isOurs: boolean;
  /** The control is as small as the treatment, or everybody else. */
  readonly control: "equal" | "rest";
  readonly phases: "pooled" | "thrown_together";
  readonly interval: "sequence" | "fixed";
}

const methods: readonly MethodOfRamps[] = [
  {
    control: "equal",
    phases: "pooled",
    interval: "sequence",
    isOurs: true,
    name: "equal control, phases pooled, sequence, 10 looks",
  },
  {
    control: "rest",
    phases: "pooled",
    interval: "sequence",
    isOurs: false,
    name: "control is the rest, phases pooled, sequence, 10 looks",
  },
  {
    control: "equal",
    phases: "pooled",
    interval: "fixed",
    isOurs: true,
    name: "equal control, phases pooled, one look",
  },
  {
    control: "equal",
    phases: "thrown_together",
    interval: "fixed",
    isOurs: false,
    name: "equal control, phases thrown together, one look",
  },
  {
    control: "rest",
    phases: "thrown_together",
    interval: "fixed",
    isOurs: false,
    name: "control is the rest, phases thrown together, one look",
  },
];

/** Successes and requests of each user, in each half of each step; a user stands at a fixed place on the line. */
interface Ramp {
  readonly place: Float64Array;
  readonly slots: readonly { readonly sums: Float64Array; readonly counts: Float64Array }[];
}

function drawRamp(random: Random, icc: number, lift: number): Ramp {
  const slotCount = steps.length * looksPerStep;
  const column = () => new Float64Array(users);
  const slots = Array.from({ length: slotCount }, () => ({ sums: column(), counts: column() }));
  const place = Float64Array.from({ length: users }, () => random.uniform());
  for (let user = 0; user < users; user++) {
    const own = ownRate(random, baseRate, icc);
    for (let visit = visitsOf(random); visit > 0; visit--) {
      const at = random.integer(slotCount);
      const slot = slots[at];
      if (slot === undefined) continue;
      const step = Math.floor(at / looksPerStep);
      const isTreated = (place[user] ?? 1) < (steps[step] ?? 0);
      // Towards 1 by the lift and away from it by the drift, in proportion, so that a rate stays one and the means move as said.
      const now = moved(
        moved(own, drift[step] ?? 0, baseRate),
        isTreated ? lift : 0,
        baseRate + (drift[step] ?? 0),
      );
      slot.counts[user] = (slot.counts[user] ?? 0) + 1;
      if (random.uniform() < now) slot.sums[user] = (slot.sums[user] ?? 0) + 1;
    }
  }
  return { place, slots };
}

/** A rate whose mean over users is `mean`, moved such that the mean moves by `shift`. */
function moved(rate: number, shift: number, mean: number): number {
  return shift >= 0 ? rate + ((1 - rate) * shift) / (1 - mean) : rate + (rate * shift) / mean;
}

function follow(ramp: Ramp, watches: readonly Watch[], truth: number): void {
  const past: Record<MethodOfRamps["control"], Stratum[]> = { equal: [], rest: [] };
  for (let slot = 0; slot < ramp.slots.length; slot++) {
    const strata = {
      equal: [...past.equal, newestStratum(ramp, slot, "equal")],
      rest: [...past.rest, newestStratum(ramp, slot, "rest")],
    };
    if ((slot + 1) % looksPerStep === 0) [past.equal, past.rest] = [strata.equal, strata.rest];
    methods.forEach(({ control, phases, interval }, i) => {
      if (interval === "fixed" && slot < ramp.slots.length - 1) return;
      const known = phases === "pooled" ? strata[control] : [together(strata[control])];
      const effectNow = pooledEffect({ strata: known, unitCount: users, unit: "share" });
      if (effectNow.kind === "inconclusive" || effectNow.units < 2 * leastUnits) return;
      const estimate =
        interval === "sequence"
          ? alwaysValid(effectNow, { alpha: 0.05, plannedN: users })
          : fixedHorizon(effectNow, 0.05);
      watches[i]?.look(claimOf(estimate), { units: effectNow.units, truth });
    });
  }
}

/** Of the step that this slot is in, up to this slot. */
function newestStratum({ place, slots }: Ramp, slot: number, control: MethodOfRamps["control"]): Stratum {
  const step = Math.floor(slot / looksPerStep);
  const share = steps[step] ?? 0;
  const parts = slots.slice(step * looksPerStep, slot + 1);
  const from = control === "equal" ? 1 - share : share;
  const treatment = unitsWhere(parts, (user) => (place[user] ?? 1) < share);
  return stratumOf(
    treatment,
    unitsWhere(parts, (user) => (place[user] ?? 0) >= from),
    `${step}`,
  );
}

function unitsWhere(parts: Ramp["slots"], isMine: (user: number) => boolean): ArmUnits {
  const sums: number[] = [];
  const counts: number[] = [];
  const units: number[] = [];
  for (let user = 0; user < users; user++) {
    if (!isMine(user)) continue;
    let sum = 0;
    let count = 0;
    for (const part of parts) {
      sum += part.sums[user] ?? 0;
      count += part.counts[user] ?? 0;
    }
    if (count === 0) continue;
    sums.push(sum);
    counts.push(count);
    units.push(user);
  }
  return { sums: Float64Array.from(sums), counts: Float64Array.from(counts), units: Uint32Array.from(units) };
}

/** As if the phases were one: a user of the rest who is treated later counts in both arms. */
function together(strata: readonly Stratum[]): Stratum {
  const gathered = strata.map((stratum) => stratum.units());
  return stratumOf(
    merged(gathered.map(({ treatment }) => treatment)),
    merged(gathered.map(({ control }) => control)),
  );
}

function merged(arms: readonly ArmUnits[]): ArmUnits {
  const sums = new Float64Array(users);
  const counts = new Float64Array(users);
  for (const arm of arms) {
    arm.units.forEach((user, i) => {
      sums[user] = (sums[user] ?? 0) + (arm.sums[i] ?? 0);
      counts[user] = (counts[user] ?? 0) + (arm.counts[i] ?? 0);
    });
  }
  const units = Uint32Array.from(counts.keys()).filter((user) => (counts[user] ?? 0) > 0);
  return {
    sums: Float64Array.from(units, (user) => sums[user] ?? 0),
    counts: Float64Array.from(units, (user) => counts[user] ?? 0),
    units,
  };
}
