import assert from "node:assert/strict";
import { allocate } from "../../src/core/allocation.ts";
import { assignUnit } from "../../src/core/assign.ts";
import { parseScope } from "../../src/core/kill-switch.ts";
import { defaultUnitSources } from "../../src/core/unit.ts";
import type { AssignedRequest } from "../../src/domain/chat.ts";
import type { ExperimentConfig } from "../../src/domain/config.ts";
import type { KillSwitch } from "../../src/domain/control.ts";
import type { AssignmentReason } from "../../src/domain/experiment.ts";
import { assign } from "../../src/policies/assign.ts";
import { experimentWith } from "../core/experiment-fixture.ts";
import { chatRequest, contextOf, revisionOf, wholeAnswer } from "./policy-fixture.ts";

const variants = [
  { id: "control", weight: 50, model: "model-a", prompt: undefined, guardrails: [], parameters: {} },
  { id: "candidate", weight: 50, model: "model-b", prompt: undefined, guardrails: [], parameters: {} },
];
export const tone = (change: Partial<ExperimentConfig> = {}): ExperimentConfig =>
  experimentWith({
    variants,
    matchModels: ["tone"],
    unitSources: defaultUnitSources(change.unit ?? "user"),
    allowPins: true,
    ...change,
  });

export interface Asked {
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly kills?: readonly string[];
}

/** What the stage makes of a request. */
export async function assigned(experiment: ExperimentConfig, { body, headers, kills = [] }: Asked = {}) {
  const switches = kills.map(
    (name): KillSwitch => ({ scope: parseScope(name), source: "admin", by: "t", reason: "r", at: 0 }),
  );
  const context = contextOf(revisionOf([experiment]));
  let seen: AssignedRequest | undefined;
  const service = assign({ met: () => {}, switches: () => switches, now: () => 0 })(async (request) => {
    seen = request;
    return wholeAnswer();
  });
  await service(chatRequest(body, headers), context);
  assert.ok(seen !== undefined);
  assert.equal(context.state.assigned, seen);
  return seen;
}

export async function reasonOf(
  experiment: ExperimentConfig,
  asked: Asked,
): Promise<AssignmentReason | undefined> {
  return (await assigned(experiment, asked)).assignment?.reason;
}

/** The first of user-0, user-1 … that stands where `wanted` says. */
export function userWhere(
  experiment: ExperimentConfig,
  wanted: (found: ReturnType<typeof assignUnit>) => boolean,
): string {
  const allocation = allocate(experiment);
  for (let count = 0; count < 10_000; count++) {
    const id = `user-${count}`;
    if (wanted(assignUnit(experiment, allocation, { type: experiment.unit, id }))) return id;
  }
  throw new Error("no such user");
}

export const inCandidate = userWhere(tone(), ({ variantId }) => variantId === "candidate");
