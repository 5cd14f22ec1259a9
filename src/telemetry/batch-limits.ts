/** When telemetry is sent, and how much of it waits: the standard variables of the SDK's batch processors. */
import { getNumberFromEnv } from "@opentelemetry/core";

export interface BatchLimits {
  readonly queueSize: number;
  readonly batchSize: number;
  readonly delayMs: number;
  readonly timeoutMs: number;
}

/** The SDK's own processors flush everything at once, and more than 30 batches are refused by its exporters. */
export function spanBatchLimits(): BatchLimits {
  return batchLimits("OTEL_BSP", { queueSize: 8192, batchSize: 512, delayMs: 1000, timeoutMs: 10_000 });
}

export function logRecordBatchLimits(): BatchLimits {
  return batchLimits("OTEL_BLRP", { queueSize: 2048, batchSize: 512, delayMs: 1000, timeoutMs: 30_000 });
}

function batchLimits(prefix: string, defaults: BatchLimits): BatchLimits {
  const queueSize = getNumberFromEnv(`${prefix}_MAX_QUEUE_SIZE`) ?? defaults.queueSize;
  const batchSize = getNumberFromEnv(`${prefix}_MAX_EXPORT_BATCH_SIZE`) ?? defaults.batchSize;
  return {
    queueSize,
    batchSize: Math.max(1, Math.min(batchSize, queueSize)),
    delayMs: getNumberFromEnv(`${prefix}_SCHEDULE_DELAY`) ?? defaults.delayMs,
    timeoutMs: getNumberFromEnv(`${prefix}_EXPORT_TIMEOUT`) ?? defaults.timeoutMs,
  };
}
