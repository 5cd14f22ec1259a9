import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type SpanContext, TraceFlags } from "@opentelemetry/api";
import { type IsSampled, samplerFromEnvironment } from "../../src/telemetry/sampler.ts";
import { withEnvironment } from "./observed-app.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parent = (traceFlags: TraceFlags): SpanContext => ({
  traceId,
  spanId: "b7ad6b7169203331",
  traceFlags,
  isRemote: true,
});

/** Without a parent, with one that is sampled, with one that is not. */
function decisions(isSampled: IsSampled): readonly boolean[] {
  return [undefined, parent(TraceFlags.SAMPLED), parent(TraceFlags.NONE)].map((one) =>
    isSampled(traceId, one),
  );
}

describe("OTEL_TRACES_SAMPLER", () => {
  const cases: readonly (readonly [
    name: string | undefined,
    arg: string | undefined,
    expected: readonly boolean[],
  ])[] = [
    [undefined, undefined, [true, true, true]],
    ["always_on", undefined, [true, true, true]],
    ["always_off", undefined, [false, false, false]],
    ["parentbased_always_on", undefined, [true, true, false]],
    ["parentbased_always_off", undefined, [false, true, false]],
    ["traceidratio", "0", [false, false, false]],
    ["traceidratio", "1", [true, true, true]],
    ["parentbased_traceidratio", "0", [false, true, false]],
    // The SDK's own answer to what it cannot read.
    ["traceidratio", "2", [true, true, true]],
    ["traceidratio", undefined, [true, true, true]],
    ["nobody_knows_it", undefined, [true, true, false]],
  ];
  for (const [name, arg, expected] of cases) {
    test(`${name} with ${arg} takes a root, a sampled caller's and another's: ${expected}`, async () => {
      const variables = { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg };
      const isSampled = await withEnvironment(variables, async () => samplerFromEnvironment());
      assert.deepEqual(decisions(isSampled), expected);
    });
  }
});
