/** Why a ramp must not go by its data, asked at every look. */
import type { PhaseReport } from "../domain/report.ts";
import { noCell } from "./fact-columns.ts";
import { inconclusive } from "./inconclusive.ts";
import type { RampContext, RampEvidence } from "./ramp-context.ts";
import { endedAt, recentlyLimited } from "./ramp-recent.ts";
import { answeredIn, bootsDuring } from "./report.ts";
import { phaseReports, soundness } from "./soundness.ts";

const tolerableLimited = 0.05;
const staleAfterMs = 300_000;
/** Of a steady stream of requests one in 500 million gaps is twenty times the mean. */
const staleAfterGaps = 20;

export function dataProblems(context: RampContext, evidence: RampEvidence): readonly string[] {
  const { config, definitions, facts, now } = context;
  const plan = { controlId: config.controlId, variantIds: [config.controlId, config.variantId], definitions };
  const sound = soundness({
    plan,
    phases: phaseReports(plan, facts, context.phases).map(atAnyLook),
    boots: bootsDuring(evidence),
    orphans: evidence.orphans,
    metrics: config.slos.map(({ metric }) => ({ metric, role: "guardrail" })),
    answered: answeredIn({ ...context, now }),
  });
  const silence = staleness(context);
  const limited = (["treatment", "control"] as const).flatMap((arm) => {
    const share = recentlyLimited(context, arm);
    return share > tolerableLimited
      ? [`${(100 * share).toFixed(0)} % of the ${arm}'s last requests were rate-limited`]
      : [];
  });
  return [...sound.problems, ...(silence === undefined ? [] : [silence]), ...limited];
}

/** Only the sequential test may be asked again and again: a look every 15 s would find p < 0.001 by chance. */
function atAnyLook(phase: PhaseReport): PhaseReport {
  const { sampleRatio: ratio } = phase;
  if (ratio.kind === "inconclusive" || ratio.logBayesFactor >= Math.log(1000)) return phase;
  return { ...phase, sampleRatio: inconclusive("no_data", "no mismatch at any look") };
}

/** Twenty times what lies between two requests, and five minutes at least. */
function staleness({ facts, now }: RampContext): string | undefined {
  const requests = facts.cellRequests.reduce((sum, count) => sum + count, 0);
  if (requests < 2) return undefined;
  const gapMs = (facts.lastAt - facts.firstAt) / (requests - 1);
  let lastAt = facts.lastAt;
  for (let i = 0; i < facts.length; i++)
    if (facts.cell[i] !== noCell) lastAt = Math.max(lastAt, endedAt(facts, i));
  const silentMs = now - lastAt;
  if (silentMs <= Math.max(staleAfterMs, staleAfterGaps * gapMs)) return undefined;
  return `no record for ${Math.round(silentMs / 60_000)} minutes`;
}
