/** Which traces are recorded at all, before the tail policy is asked. */
import { diag, ROOT_CONTEXT, type SpanContext, SpanKind, trace } from "@opentelemetry/api";
import { getNumberFromEnv, getStringFromEnv } from "@opentelemetry/core";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";

/** Asked once for each trace: the samplers that a variable can name decide alike for a child and its parent. */
export type IsSampled = (traceId: string, parent: SpanContext | undefined) => boolean;

/** By OTEL_TRACES_SAMPLER and its argument; without them everything, whatever flag the caller's `traceparent` has. */
export function samplerFromEnvironment(): IsSampled {
  const name = getStringFromEnv("OTEL_TRACES_SAMPLER");
  // ParentBased alone would drop our spans whenever a caller's flag is off, and with them every error.
  if (name === undefined || name === "always_on") return () => true;
  const sampler = samplerOf(name);
  return (traceId, parent) => {
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const { decision } = sampler.shouldSample(context, traceId, "", SpanKind.SERVER, {}, []);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  };
}

function samplerOf(name: string): Sampler {
  const byParent = (root: Sampler) => new ParentBasedSampler({ root });
  switch (name) {
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return new TraceIdRatioBasedSampler(ratio());
    case "parentbased_always_off":
      return byParent(new AlwaysOffSampler());
    case "parentbased_traceidratio":
      return byParent(new TraceIdRatioBasedSampler(ratio()));
    case "parentbased_always_on":
      return byParent(new AlwaysOnSampler());
    default:
      diag.error(`unknown OTEL_TRACES_SAMPLER value "${name}", using parentbased_always_on`);
      return byParent(new AlwaysOnSampler());
  }
}

function ratio(): number {
  const given = getNumberFromEnv("OTEL_TRACES_SAMPLER_ARG");
  if (given !== undefined && given >= 0 && given <= 1) return given;
  diag.error(`OTEL_TRACES_SAMPLER_ARG is ${given ?? "missing"}, not a number from 0 to 1: 1 is used`);
  return 1;
}
