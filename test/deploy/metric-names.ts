import { metric } from "../../src/telemetry/semconv-metrics.ts";

/** What others in the stack produce: Prometheus itself, and the collector's own and span-derived metrics. */
const foreign: Readonly<Record<string, readonly string[]>> = {
  up: ["job", "instance"],
  otelcol_exporter_send_failed_spans: ["exporter"],
  otelcol_exporter_enqueue_failed_spans: ["exporter"],
  otelcol_exporter_queue_size: ["exporter"],
  otelcol_exporter_queue_capacity: ["exporter"],
  traces_span_metrics_duration_seconds_bucket: ["span_name", "le"],
};

/**
 * Labels of every series that rules and dashboard may name. Assay's own are as `/metrics` shows them: dots become
 * underscores, counters end in `_total`, histograms have three series each, and there is no unit suffix.
 */
export const seriesLabels: ReadonlyMap<string, readonly string[]> = new Map([
  ...Object.entries(foreign),
  ...Object.values(metric).flatMap(seriesOf),
]);

interface Instrument {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
}

function seriesOf({ name, kind, labels }: Instrument): [string, readonly string[]][] {
  const base = name.replaceAll(".", "_");
  const own = labels.map((label) => label.replaceAll(".", "_"));
  if (kind === "gauge") return [[base, own]];
  if (kind === "counter") return [[`${base}_total`, own]];
  return [
    [`${base}_bucket`, [...own, "le"]],
    [`${base}_sum`, own],
    [`${base}_count`, own],
  ];
}
