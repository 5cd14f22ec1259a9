/** Which outcomes an answer brings: for whom, when, and how its sender tells them. */
import type { Random } from "../analysis/random.ts";
import type { UnitType } from "../domain/config.ts";
import type { OutcomeModel } from "./simulate-outcome-model.ts";
import type { Truth } from "./simulate-truth.ts";

/** As `POST /v1/outcomes` takes it. */
export type OutcomeBody = Readonly<Record<string, unknown>>;

export interface SimulatedOutcome {
  readonly body: OutcomeBody;
  /** Sent when the traffic has ended, as labels that come days later are. */
  readonly isLate: boolean;
  /** Sent once more, as after a timeout. */
  readonly isRepeated: boolean;
}

export interface Answered {
  readonly requestId: string;
  readonly unitType: UnitType;
  readonly unitId: string | undefined;
  readonly sessionId: string;
  /** Undefined where the answer's headers name no assignment by split: no effect is added then. */
  readonly variantId: string | undefined;
  readonly prediction: unknown;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface OutcomeRules {
  readonly truth: Truth;
  /** Share of the answers that get an outcome, for each metric. */
  readonly rate: number;
  /** In the order of the truth's models. */
  readonly dispositions: readonly number[];
}

const unitShare = 0.05;
const sessionShare = 0.1;
const lateShare = 0.1;
const repeatShare = 0.05;
const keyShare = 0.2;

/** `drawsOf` has draws of its own for each metric: what is given hangs on no other metric, request or user. */
export function outcomesOf(
  answered: Answered,
  rules: OutcomeRules,
  drawsOf: (metricIndex: number) => Random,
): readonly SimulatedOutcome[] {
  return rules.truth.models.flatMap((model, index) => {
    const random = drawsOf(index);
    if (!random.bernoulli(rules.rate)) return [];
    const whose = random.uniform();
    const isLate = random.bernoulli(lateShare);
    const isRepeated = random.bernoulli(repeatShare);
    const hasKey = random.bernoulli(keyShare);
    const effect = rules.truth.effectOf(answered.variantId, model.metric.name);
    const value = model.draw(rules.dispositions[index] ?? 0, effect, random);
    const told = toldOf(model, value, answered.prediction);
    // A label says nothing without the request whose prediction it belongs to.
    const subject = "label" in told ? { request_id: answered.requestId } : subjectOf(answered, whose);
    // A session or a unit may rightly say the same thing twice; of a request nobody asks twice.
    const needsKey = !("request_id" in subject);
    const body = {
      ...subject,
      metric: model.metric.name,
      ...told,
      ...(isLate ? { at: answered.at } : {}),
      ...(needsKey || hasKey ? { idempotency_key: `simulated-${answered.requestId}` } : {}),
    };
    return [{ body, isLate, isRepeated }];
  });
}

function subjectOf({ requestId, unitType, unitId, sessionId }: Answered, whose: number): OutcomeBody {
  if (unitType === "request" || unitId === undefined) return { request_id: requestId };
  if (whose < unitShare) return { unit: unitId, unit_type: unitType };
  return whose < unitShare + sessionShare ? { session: sessionId } : { request_id: requestId };
}

function toldOf(
  { metric }: OutcomeModel,
  value: boolean | number | string,
  prediction: unknown,
): OutcomeBody {
  if (metric.kind !== "correctness" || prediction === undefined) return { value };
  return { label: value === true ? prediction : anotherThan(prediction) };
}

function anotherThan(prediction: unknown): unknown {
  if (typeof prediction === "boolean") return !prediction;
  return typeof prediction === "number" ? prediction + 1 : `not ${prediction}`.slice(0, 128);
}
