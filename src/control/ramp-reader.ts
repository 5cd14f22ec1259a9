/** What one look at a ramp goes by: the statistics, the gate, and what neither of them can know. */
import { isKilled } from "../core/kill-switch.ts";
import { variantDigest } from "../core/phase.ts";
import type { KeptRamp } from "../core/ramp/journal.ts";
import { nextRampState } from "../core/ramp/next-state.ts";
import type { ExperimentConfig, Revision } from "../domain/config.ts";
import type { KillSwitch } from "../domain/control.ts";
import type { Log } from "../domain/log.ts";
import type { RampConfig, RampGate, RampQuestion, RampReadings } from "../domain/ramp.ts";
import type { MetricDefinition } from "../domain/report.ts";

export interface RampReaderParts {
  readonly revision: () => Revision;
  readonly switches: { readonly switches: readonly KillSwitch[] };
  readonly definitions: (experiment: ExperimentConfig) => readonly MetricDefinition[];
  /** Rejects where the statistics do not answer. */
  readonly read: (question: RampQuestion) => Promise<RampReadings>;
  /** Never rejects: who does not answer is missing. */
  readonly askGate: (gate: RampGate) => Promise<NonNullable<RampReadings["gate"]>>;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Undefined where nobody answered. `problem` says why the shares are not in force. */
export async function readRamp(
  parts: RampReaderParts,
  ramp: KeptRamp,
  problem: string | undefined,
): Promise<RampReadings | undefined> {
  const { revision, switches, read, askGate, definitions, log, now } = parts;
  const { state, plan } = ramp;
  const { experimentId, variantId } = plan;
  const experiment = revision().config.experiments[experimentId];
  if (experiment === undefined) return undefined;
  const isKilledNow = () => isKilled(switches.switches, { experimentId, variantId });
  try {
    const gate = plan.gate && askGate(plan.gate);
    const { startedAt, stepStartedAt } = state;
    const readings = await read({
      plan,
      definitions: definitions(experiment),
      startedAt,
      stepStartedAt,
      isKilled: isKilledNow(),
      gate: undefined,
    });
    const dataProblems = [...readings.dataProblems, ...doubts(parts, ramp, problem)];
    // A kill that was set meanwhile stands, though the statistics were not told of it.
    const wholeWith = (told: RampReadings["gate"]) => ({
      ...readings,
      dataProblems,
      isKilled: isKilledNow(),
      gate: told,
    });
    if (gate === undefined) return wholeWith(undefined);
    const early = wholeWith("missing");
    // A gate only passes: no rollback waits for one that is slow.
    if (nextRampState(state, plan, early, now())?.to.status === "rolling_back") return early;
    return wholeWith(await gate);
  } catch (error) {
    log.warn("a ramp could not be read", { experimentId, error });
    return undefined;
  }
}

function doubts(
  { revision, now }: RampReaderParts,
  { state, plan }: KeptRamp,
  problem: string | undefined,
): readonly string[] {
  const isOther = digestOf(revision(), plan) !== state.variantDigest;
  return [
    ...(isOther ? [`"${plan.variantId}" is not what was started: put it back, or abort and start anew`] : []),
    ...(problem === undefined ? [] : [`the shares are not in force: ${problem}`]),
    // Records of before the step are not counted, and those of now look as if they were.
    ...((state.stepStartedAt ?? 0) > now() ? ["the clock was put back to before the step began"] : []),
  ];
}

/** Undefined for a variant that is not there. */
export function digestOf({ config }: Revision, { experimentId, variantId }: RampConfig): string | undefined {
  const variant = config.experiments[experimentId]?.variants.find(({ id }) => id === variantId);
  return variant && variantDigest(config, variant);
}
