import assert from "node:assert/strict";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { Limits } from "../../../src/telemetry/limits.ts";
import { type Batch, OtlpBatches } from "../../../src/telemetry/otlp/otlp-batches.ts";
import { createEnvelope } from "../../../src/telemetry/otlp/otlp-envelope.ts";

export const resource = resourceFromAttributes({ "service.name": "söme", port: 1, ratio: 0.5, on: true });
export const scope = { name: "assay", version: "1.2.3" };
export const noLimits: Limits = {
  attributeCount: 128,
  valueLength: Number.POSITIVE_INFINITY,
  linkCount: 128,
};

/** The bytes of the one batch that so many items come to. */
export async function inOneBatch(items: number, write: (batches: OtlpBatches) => void): Promise<Uint8Array> {
  const sent: Batch[] = [];
  const batches = new OtlpBatches({
    envelope: createEnvelope(resource, scope),
    limits: { queueSize: 1000, batchSize: 1000, delayMs: 60_000, timeoutMs: 60_000 },
    send: async (batch) => {
      sent.push({ ...batch, bytes: Uint8Array.from(batch.bytes) });
    },
    finished: () => {},
    full: () => {},
  });
  write(batches);
  await batches.flush();
  assert.deepEqual(
    sent.map(({ count }) => count),
    [items],
  );
  return sent[0]?.bytes ?? new Uint8Array();
}
