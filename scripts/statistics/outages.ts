/** An upstream that both arms share fails for a while: nobody's fault, and one arm may look the worse for it. */
import { alwaysValid, fixedHorizon, pooledEffect } from "../../src/analysis/pooled-effect.ts";
import { chiSquaredClaim, claimOf } from "./claim.ts";
import { leastUnits, Watch } from "./looks.ts";
import { Score } from "./score.ts";
import { iccs, type Study } from "./study.ts";
import { drawTraffic, type Population, type Traffic } from "./traffic.ts";
import { totalOf, UnitSums } from "./unit-sums.ts";

const looks = 60;
/** Of the experiment's requests, those between these parts fail. */
const outage = { from: 0.45, to: 0.55 };

export const outages: readonly Study[] = iccs.flatMap((icc) =>
  (["one_by_one", "returning"] as const).map(
    (order): Study => ({
      id: `outages ${icc} ${order}`,
      table: "outages",
      part: 0.25,
      run: ({ runs, of }) => {
        const sequence = new Watch({
          name: "confidence sequence by unit, 60 looks",
          isOurs: true,
          nominal: 0.05,
        });
        const naive = new Watch({ name: "z beyond ±1.96 by unit, 60 looks", isOurs: false, nominal: 0.05 });
        const onRequests = new Watch({
          name: "chi-squared on requests, 60 looks",
          isOurs: false,
          nominal: 0.05,
        });
        const threshold = new Score({
          name: "under 40 % success in the treatment's last 50 requests",
          isOurs: false,
        });
        const population = { units: 600, icc, order, slowdown: 1 };
        const follow = (traffic: Traffic, truth: number) =>
          followThrough(fail(traffic), { watches: [sequence, naive, onRequests], truth });
        for (let run = 0; run < runs; run++) {
          threshold.alarm(follow(drawTraffic(of(run, "null"), { ...population, effect: 0 }), 0));
          for (const watch of [sequence, naive, onRequests]) watch.endNull();
          follow(
            drawTraffic(of(run, "effect"), { ...population, effect: shift }),
            shift * (1 - (outage.to - outage.from)),
          );
          for (const watch of [sequence, naive, onRequests]) watch.endEffect();
        }
        const scenario = `ICC ${icc}, ${orders[order]}`;
        return [
          ...[sequence, naive, onRequests].map(({ score }) => score.row(scenario)),
          threshold.row(scenario),
        ];
      },
    }),
  ),
);

const shift = 0.12;
const orders: Readonly<Record<Population["order"], string>> = {
  one_by_one: "users one after another",
  returning: "users coming back",
};

function fail(traffic: Traffic): Traffic {
  const requests = traffic.unit.length;
  const success = traffic.success.slice();
  success.fill(0, Math.round(outage.from * requests), Math.round(outage.to * requests));
  return { ...traffic, success };
}

/** Whether a threshold on recent requests would have blamed the treatment. */
function followThrough(
  traffic: Traffic,
  { watches, truth }: { readonly watches: readonly Watch[]; readonly truth: number },
): boolean {
  const { unit, success, isTreatment } = traffic;
  const sums = new UnitSums(isTreatment);
  const recent: number[] = [];
  let isBlamed = false;
  let next = 0;
  for (let look = 1; look <= looks; look++) {
    for (const end = Math.round((unit.length * look) / looks); next < end; next++) {
      const owner = unit[next] ?? 0;
      sums.add(owner, success[next] ?? 0);
      if (isTreatment[owner] === 1) recent.push(success[next] ?? 0);
    }
    const last = recent.slice(-50);
    if (last.length === 50 && last.reduce((sum, one) => sum + one, 0) < 20) isBlamed = true;
    judge(sums, watches, truth);
  }
  return isBlamed;
}

function judge(sums: UnitSums, watches: readonly Watch[], truth: number): void {
  const stratum = sums.stratum();
  const [treatment, control] = [stratum.treatment.pairs, stratum.control.pairs];
  if (Math.min(treatment.n, control.n) < leastUnits) return;
  const effect = pooledEffect({ strata: [stratum], unitCount: sums.length, unit: "share" });
  const at = { units: treatment.n + control.n, truth };
  const claims = [
    claimOf(alwaysValid(effect, { alpha: 0.05, plannedN: sums.length })),
    claimOf(fixedHorizon(effect, 0.05)),
    chiSquaredClaim(totalOf(treatment), totalOf(control)),
  ];
  for (const [i, watch] of watches.entries()) watch.look(claims[i], at);
}
