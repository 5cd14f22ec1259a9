/** The metrics of the control plane: switches, ramps, the configuration. */
import type { MetricDefinition } from "./semconv-metrics.ts";

export const controlMetrics = {
  killSwitch: {
    name: "assay.kill_switch.active",
    kind: "gauge",
    unit: "{switch}",
    description: "1 for each kill switch that is on.",
    labels: ["scope"],
  },
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
  configReloads: {
    name: "assay.config.reloads",
    kind: "counter",
    unit: "{reload}",
    description: "Attempts to take a new revision of the configuration.",
    labels: ["result"],
  },
  configValid: {
    name: "assay.config.valid",
    kind: "gauge",
    unit: "{boolean}",
    description: "0 while the configuration on disk is refused and the last good one serves.",
    labels: [],
  },
} satisfies Record<string, MetricDefinition>;
