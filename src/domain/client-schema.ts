import type { CheckResult } from "./config.ts";

/** A value of a model's, and the JSON Schema that a client wrote for it. */
export interface ClientSchemaQuestion {
  /** Equal keys stand for equal schemas. */
  readonly key: string;
  /** JSON: the schema, or the request's `tools` that have it. */
  readonly source: string;
  /** The tool whose schema is meant; undefined where `source` is the schema. */
  readonly tool: string | undefined;
  /** The value, as JSON. */
  readonly text: string;
}

/** Never rejects: what cannot be judged, or not in time, is `not_evaluated`. */
export type ClientSchemaJudge = (question: ClientSchemaQuestion) => Promise<CheckResult>;
