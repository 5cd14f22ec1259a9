import { hash } from "node:crypto";
import type { Unit } from "../domain/experiment.ts";
import type { OutcomeRecord, OutcomeSubject } from "../domain/outcome.ts";
import type { OutcomeDraft } from "./outcome-body.ts";
import type { OutcomeSubjectDraft } from "./outcome-subject.ts";

export interface OutcomeMakers {
  /** UUIDv7. */
  readonly outcomeId: () => string;
  readonly unitHash: (unit: Pick<Unit, "type" | "id">) => string;
  readonly redact: (text: string) => string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
}

/** What is kept of an outcome: hashes in place of ids, and redacted text. */
export function outcomeRecord(draft: OutcomeDraft, makers: OutcomeMakers): OutcomeRecord {
  const { redact, receivedAt } = makers;
  const { metric, value, category } = draft;
  const subject = hashedSubject(draft.subject, makers);
  // As the prediction is, which it is compared with.
  const label = draft.label === undefined ? undefined : redact(draft.label);
  const comment = draft.comment === undefined ? undefined : redact(draft.comment);
  const content = [value, category, label, comment, draft.at].map((each) => each ?? null);
  const told = draft.idempotencyKey === undefined ? ["content", ...content] : ["key", draft.idempotencyKey];
  return {
    outcomeId: makers.outcomeId(),
    metric,
    subject,
    value,
    category,
    label,
    comment,
    at: draft.at ?? receivedAt,
    receivedAt,
    isKeyed: draft.idempotencyKey !== undefined,
    // The subject's hash is keyed, so that a key that holds a raw id cannot be guessed back.
    idempotencyHash: hash("sha256", JSON.stringify([metric, subject, ...told])),
  };
}

function hashedSubject(subject: OutcomeSubjectDraft, { unitHash }: OutcomeMakers): OutcomeSubject {
  switch (subject.kind) {
    case "request":
      return { kind: "request", requestId: subject.requestId };
    case "session":
      return { kind: "session", sessionHash: unitHash({ type: "session", id: subject.session }) };
    case "unit":
      return { kind: "unit", unitHash: unitHash({ type: subject.type, id: subject.id }) };
  }
}
