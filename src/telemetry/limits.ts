/** The SDK's limits of spans and log records, by the standard variables. */
import { getNumberFromEnv } from "@opentelemetry/core";

export interface Limits {
  /** Attributes of one span or record; those beyond are dropped and counted. */
  readonly attributeCount: number;
  /** Of a text, in UTF-16 units; what is longer is cut. */
  readonly valueLength: number;
  readonly linkCount: number;
}

export function spanLimits(): Limits {
  return {
    ...attributeLimits("OTEL_SPAN_"),
    linkCount: getNumberFromEnv("OTEL_SPAN_LINK_COUNT_LIMIT") ?? 128,
  };
}

export function logRecordLimits(): Limits {
  return { ...attributeLimits("OTEL_LOGRECORD_"), linkCount: 0 };
}

function attributeLimits(prefix: string): Omit<Limits, "linkCount"> {
  const limit = (name: string) =>
    getNumberFromEnv(`${prefix}ATTRIBUTE_${name}`) ?? getNumberFromEnv(`OTEL_ATTRIBUTE_${name}`);
  const valueLength = limit("VALUE_LENGTH_LIMIT") ?? Number.POSITIVE_INFINITY;
  return {
    attributeCount: limit("COUNT_LIMIT") ?? 128,
    // The SDK takes no limit that leaves nothing.
    valueLength: valueLength > 0 ? valueLength : Number.POSITIVE_INFINITY,
  };
}
