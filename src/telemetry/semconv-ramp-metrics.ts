/** The metrics of ramps. */
import type { MetricDefinition } from "./semconv-metrics.ts";

export const rampMetrics = {
  rampStep: {
    name: "assay.ramp.step",
    kind: "gauge",
    unit: "{step}",
    description: "The step that a ramp is at, from 1.",
    labels: ["experiment"],
  },
  rampStatus: {
    name: "assay.ramp.status",
    kind: "gauge",
    unit: "{ramp}",
    description: "1 for the status that a ramp has.",
    labels: ["experiment", "status"],
  },
} satisfies Record<string, MetricDefinition>;
