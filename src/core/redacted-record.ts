import type { RequestRecord } from "../domain/record.ts";

/**
 * The record as it may be kept and shown: whatever a client, a model or an upstream wrote has been through `redact`.
 * The other texts are ours or the configuration's.
 */
export function redactedRecord(record: RequestRecord, redact: (text: string) => string): RequestRecord {
  const safe = (text: string | undefined) => (text === undefined ? undefined : redact(text));
  const { fallback } = record;
  return {
    ...record,
    requestModel: redact(record.requestModel),
    responseModel: safe(record.responseModel),
    responseId: safe(record.responseId),
    prediction: safe(record.prediction),
    ragIndexVersion: safe(record.ragIndexVersion),
    finishReasons: record.finishReasons.map(redact),
    fallback: fallback && { ...fallback, from: redact(fallback.from), to: redact(fallback.to) },
    validations: record.validations.map((validation) => ({
      ...validation,
      errorPath: safe(validation.errorPath),
    })),
    attempts: record.attempts.map((attempt) => {
      const model = redact(attempt.model);
      // The same object where nothing changes: an attempt that was given up may yet end, and is written to then.
      return model === attempt.model ? attempt : { ...attempt, model };
    }),
  };
}
