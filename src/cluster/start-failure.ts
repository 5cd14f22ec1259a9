/** Why a worker does not come to serve. */
import { Failure } from "../domain/failure.ts";

export function startFailure(failure: Failure | undefined, how: string): Failure {
  if (failure !== undefined && isTold(failure)) return failure;
  const message = `The workers end as soon as they have started (${how}); the log has what they said. With --workers 1 there are none.`;
  return new Failure("internal_error", message, { cause: failure?.cause });
}

/** What a worker says of its own accord will be said by the next one too. */
export function isTold(failure: Failure | undefined): boolean {
  return failure !== undefined && failure.code !== "internal_error";
}

/** Both have read the same texts: what is left is what they know of the world. */
export function otherRevision(made: string, wanted: string): Failure {
  const message = `A worker made revision ${made} of what is ${wanted}; is its environment another one?`;
  return new Failure("config_invalid", message);
}
