import { assignUnit } from "../core/assign.ts";
import { parseBaggage } from "../core/baggage.ts";
import { metadataOf, unitMember } from "../core/chat-body.ts";
import { isEligible } from "../core/eligibility.ts";
import { headerText } from "../core/header-text.ts";
import { withKills } from "../core/kill-switch.ts";
import { type PhaseFacts, phaseUnderKills } from "../core/phase.ts";
import { inputMetadata } from "../core/predict-body.ts";
import { type Route, routeOf } from "../core/route.ts";
import { variantPlan } from "../core/serving-plan.ts";
import { defaultUnitSources, findUnit, type UnitLook } from "../core/unit.ts";
import type { AssignedRequest, ChatRequest, RequestContext } from "../domain/chat.ts";
import type { ExperimentConfig } from "../domain/config.ts";
import type { KillSwitch } from "../domain/control.ts";
import type { Assignment } from "../domain/experiment.ts";
import { Failure } from "../domain/failure.ts";
import type { Stage } from "../pipeline/service.ts";

const maxUnitIdLength = 512;
const bySession = { unit: "session", unitSources: defaultUnitSources("session") } as const;

export interface AssignParts {
  /** Hears of the phase of every request that was assigned, so that no record is of one that nobody knows. */
  readonly met: (phase: string, facts: PhaseFacts) => void;
  readonly switches: () => readonly KillSwitch[];
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Gives the request its variant: by its route, its unit and the revision alone. A kill has the last word. */
export function assign(parts: AssignParts): Stage<ChatRequest, AssignedRequest> {
  return (next) => (request, context) => {
    const startedAt = parts.now();
    const route = routeOf(request, context.revision);
    const switches = parts.switches();
    const assigned = withKills(assignedBy(route, request, context, switches), switches, context.revision);
    const { experiment, assignment } = assigned;
    if (experiment !== undefined && assignment?.phase !== undefined) {
      parts.met(assignment.phase, { experiment, revision: context.revision, switches });
    }
    context.state.assigned = assigned;
    context.trace.assigned(assigned, startedAt);
    return next(assigned, context);
  };
}

function assignedBy(
  route: Route,
  request: ChatRequest,
  context: RequestContext,
  switches: readonly KillSwitch[],
): AssignedRequest {
  if (route.kind === "experiment") return inExperiment(route, { request, context, switches });
  const prompt = route.kind === "prompt" ? route.prompt : undefined;
  return {
    ...request,
    experiment: undefined,
    assignment: undefined,
    plan: { variant: undefined, model: route.model, prompt, parameters: {} },
  };
}

function inExperiment(route: Extract<Route, { kind: "experiment" }>, asked: Asked): AssignedRequest {
  const { experiment, pinnedVariantId } = route;
  const { request, context } = asked;
  const assignment =
    pinnedVariantId === undefined
      ? splitAssignment(experiment, asked)
      : outside(experiment, "pinned", pinnedVariantId);
  const variant = experiment.variants.find(({ id }) => id === assignment.servedVariantId);
  if (variant === undefined)
    throw new Error(`variant ${assignment.servedVariantId} is not in ${experiment.id}`);
  return { ...request, experiment, assignment, plan: variantPlan(context.revision, variant) };
}

interface Asked {
  readonly request: ChatRequest;
  readonly context: RequestContext;
  readonly switches: readonly KillSwitch[];
}

function splitAssignment(experiment: ExperimentConfig, { request, context, switches }: Asked): Assignment {
  const look = lookInto(request, context);
  if (!isEligible(experiment.eligible, { ...look, model: request.body.model })) {
    return outside(experiment, "not_eligible");
  }
  const unit = findUnit(experiment, look);
  const allocation = context.revision.allocations.get(experiment.id);
  if (unit === undefined || allocation === undefined) return outside(experiment, "no_unit");
  if (unit.id.length > maxUnitIdLength) {
    throw new Failure("invalid_value", `The ${unit.type} id is longer than ${maxUnitIdLength} characters.`);
  }
  const { variantId, reason, position } = assignUnit(experiment, allocation, unit);
  const phase = context.revision.phases.get(experiment.id);
  return {
    experimentId: experiment.id,
    assignedVariantId: variantId,
    servedVariantId: variantId,
    reason,
    position,
    unit,
    sessionId: unit.type === "session" ? unit.id : findUnit(bySession, look)?.id,
    phase: phase && phaseUnderKills(phase, experiment, switches),
    isExposed: reason === "split",
  };
}

/** Served by the incumbent's configuration (or by the pin), and not in the analysis. */
function outside(
  experiment: ExperimentConfig,
  reason: Assignment["reason"],
  variantId: string = experiment.incumbentId,
): Assignment {
  return {
    experimentId: experiment.id,
    assignedVariantId: variantId,
    servedVariantId: variantId,
    reason,
    position: undefined,
    unit: undefined,
    sessionId: undefined,
    phase: undefined,
    isExposed: false,
  };
}

function lookInto(request: ChatRequest, context: RequestContext): UnitLook {
  const { body, headers } = request;
  const isChat = body.operation === "chat";
  // Read at most once, and only when a source or a rule asks.
  let metadata: Readonly<Record<string, string>> | undefined;
  return {
    requestId: context.requestId,
    header: (name) => headerText(headers[name.toLowerCase()]),
    metadata: (key) => {
      metadata ??= isChat ? metadataOf(body) : inputMetadata(body);
      return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    },
    body: (field) =>
      isChat && (field === "user" || field === "safety_identifier" || field === "prompt_cache_key")
        ? unitMember(body, field)
        : undefined,
    baggage: (key) => (headers.baggage === undefined ? undefined : parseBaggage(headers.baggage).get(key)),
  };
}
