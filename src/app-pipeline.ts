/** The way of a chat request: a server is a function, and what happens to a request is a list of decorators around it. */
import { now, wallNow } from "./app-foundation.ts";
import { isKilled } from "./core/kill-switch.ts";
import { describePhase, type PhaseFacts } from "./core/phase.ts";
import type { Pricing } from "./core/pricing.ts";
import { renderRequest } from "./core/render-request.ts";
import { createFormatChecks } from "./core/response-format.ts";
import { createToolChecks } from "./core/tool-check.ts";
import type { ChatRequest } from "./domain/chat.ts";
import type { ClientSchemaJudge } from "./domain/client-schema.ts";
import type { KillSwitch } from "./domain/control.ts";
import type { Unit } from "./domain/experiment.ts";
import type { RecordSink } from "./domain/store.ts";
import type { GuardrailSet } from "./guardrails/guardrail-set.ts";
import { type Service, stack } from "./pipeline/service.ts";
import { assign } from "./policies/assign.ts";
import { type BreakerBoard, breaker } from "./policies/breaker.ts";
import { callUpstream } from "./policies/call-upstream.ts";
import { concurrency, type Permits } from "./policies/concurrency.ts";
import { deadline } from "./policies/deadline.ts";
import { expose } from "./policies/expose.ts";
import { fallback } from "./policies/fallback.ts";
import { type GuardParts, guardInput } from "./policies/guard-input.ts";
import { guardOutput } from "./policies/guard-output.ts";
import { holdStream } from "./policies/hold-stream.ts";
import { observeAttempt } from "./policies/observe-attempt.ts";
import { renderPrompt } from "./policies/render-prompt.ts";
import { retry } from "./policies/retry.ts";
import { validateOutput } from "./policies/validate-output.ts";
import type { UpstreamSet } from "./upstreams/upstream-set.ts";

/** A budget for requests that belong to no experiment. */
const plainTotalMs = 120_000;

export interface PipelineParts {
  readonly upstreams: UpstreamSet;
  readonly guardrails: GuardrailSet;
  readonly breakers: BreakerBoard;
  readonly permits: Permits;
  readonly pricing: Pricing;
  readonly switches: () => readonly KillSwitch[];
  readonly records: RecordSink;
  readonly unitHash: (unit: Pick<Unit, "type" | "id">) => string;
  readonly redact: (text: string) => string;
  /** Of schemas that clients send. */
  readonly judge: ClientSchemaJudge;
}

export function createPipeline(parts: PipelineParts): Service<ChatRequest> {
  const { guardrails, upstreams, breakers, permits, pricing, switches, records } = parts;
  const { unitHash, redact, judge } = parts;
  const upstreamOf = (name: string) => upstreams.of(name);
  const attempt = observeAttempt({ upstreamOf, pricing, now })(
    stack(
      [breaker(breakers, (name) => upstreams.configOf(name).breaker), concurrency(permits)],
      callUpstream(upstreamOf),
    ),
  );
  const guards: GuardParts = { planOf: planOf(guardrails), now };
  const answered = stack(
    [
      deadline(plainTotalMs, now),
      fallback({
        now,
        isKilled: (target) => isKilled(switches(), target),
        render: (request, plan, { revision }) =>
          renderRequest(request, plan, { revision, reason: "fallback" }),
      }),
      validateOutput({ toolChecks: createToolChecks(judge), formatChecks: createFormatChecks(judge), now }),
      guardOutput(guards),
      retry({ configOf: (name) => upstreams.configOf(name).retry, now, random: Math.random }),
      holdStream,
    ],
    attempt,
  );
  const exposed = expose({
    isStrict: ({ revision }) => revision.config.store.durability === "strict",
    expose: (record) => records.expose(record),
    unitHash,
    redact,
  })(stack([guardInput(guards)], renderPrompt(now)(answered)));
  return assign({ switches, now, met: phaseTeller(records) })(exposed);
}

/** Model servers take no words: their input and output have schemas. */
function planOf(guardrails: GuardrailSet): GuardParts["planOf"] {
  const none = { input: [], output: [], tool_calls: [] };
  return ({ body, experiment, plan }, { revision, requestId }) => {
    if (body.operation === "predict") return none;
    const { variant = plan.guardedAs } = plan;
    return guardrails.planOf(revision, { experimentId: experiment?.id, variantId: variant?.id }, requestId);
  };
}

/** A phase is told with its first request: the results ask what its shares were. */
function phaseTeller(records: RecordSink): (phase: string, facts: PhaseFacts) => void {
  const told = new Set<string>();
  return (phase, facts) => {
    const key = `${facts.experiment.id} ${phase}`;
    if (told.has(key)) return;
    told.add(key);
    records.addPhase(describePhase(phase, facts, wallNow()));
  };
}
