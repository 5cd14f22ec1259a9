/** Which signals leave, and by which protocol: the standard variables. */
import { getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";

export type Signal = "traces" | "metrics" | "logs";

/** On when the signal's exporter is named, or has an endpoint to go to. */
export function isExported(signal: Signal): boolean {
  if (getStringFromEnv("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return false;
  const named = exportersOf(signal);
  if (named.length > 0) return !named.includes("none");
  const own = getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`);
  return (own ?? getStringFromEnv("OTEL_EXPORTER_OTLP_ENDPOINT")) !== undefined;
}

/** As they are named; none for the default, which is OTLP. */
export function exportersOf(signal: Signal): readonly string[] {
  return getStringListFromEnv(`OTEL_${signal.toUpperCase()}_EXPORTER`) ?? [];
}

export function protocolOf(signal: Signal): string {
  const own = getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`);
  return own ?? getStringFromEnv("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "http/protobuf";
}
