/** Which fault a request asks the scripted upstream for; docs/faults.md has them all. */
import type { Random } from "../analysis/random.ts";
import { Failure } from "../domain/failure.ts";
import { faultMetric, type Truth } from "./simulate-truth.ts";

/** Those that end within a second or so: retried, repaired, rescued, or shown to the client as they are. */
const faults = [
  "server_error;times=1",
  "server_error;times=1",
  "reset;times=1",
  "rate_limited;ms=50;header=ms;times=1",
  "wrong_schema",
  "server_error",
  "truncated_json;times=1",
  "cut;after=3",
  "slow_first_token;ms=800",
  "content_filter",
  "refusal",
  "length",
] as const;

export interface FaultPlan {
  /** Share of requests that meet one, whatever their variant. */
  readonly share: number;
  /** What is added to the error rate of each model's variants, by faults that are aimed at that model. */
  readonly byModel: ReadonlyMap<string, number>;
}

/** Throws `invalid_value` for effects that aimed faults cannot have. */
export function faultPlan(
  share: number,
  truth: Pick<Truth, "effectOf">,
  variants: readonly { readonly id: string; readonly model: string }[],
): FaultPlan {
  const byModel = new Map<string, number>();
  for (const { id, model } of variants) {
    const effect = truth.effectOf(id, faultMetric);
    if ((byModel.get(model) ?? effect) !== effect) {
      throw new Failure(
        "invalid_value",
        `Variants share the model ${model}: give them one ${faultMetric} effect.`,
      );
    }
    if (effect > 0) byModel.set(model, effect);
  }
  const all = [...byModel.values()].reduce((sum, effect) => sum + effect, share);
  if (all <= 1) return { share, byModel };
  throw new Failure(
    "invalid_value",
    `--faults and the ${faultMetric} effects come to ${all}: more than all requests.`,
  );
}

/** The directive's inside; undefined for none. A request can carry one, and is aimed at one model at most. */
export function faultOf({ share, byModel }: FaultPlan, random: Random): string | undefined {
  const at = random.uniform();
  if (at < share) return faults[random.integer(faults.length)];
  let end = share;
  for (const [model, effect] of byModel) {
    end += effect;
    if (at < end) return `server_error;times=1;model=${model}`;
  }
  return undefined;
}
