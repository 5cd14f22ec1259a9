import type { UnitType } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import { shown } from "./chat-parameters.ts";
import { type OutcomeItem, refusal } from "./outcome-item.ts";
import { clockSkewMs, uuidTime } from "./outcome-time.ts";

/** What an outcome is of, with the ids that its sender uses. They are hashed before anything is kept. */
export type OutcomeSubjectDraft =
  | { readonly kind: "request"; readonly requestId: string }
  | { readonly kind: "session"; readonly session: string }
  | { readonly kind: "unit"; readonly type: UnitType; readonly id: string };

interface SubjectRules {
  readonly unitTypes: readonly UnitType[];
  readonly retentionMs: number;
  readonly now: number;
}

/** Also when it came to be, where its id tells. */
type Parsed = OutcomeSubjectDraft & { readonly at: number | undefined };

const subjectNames = ["request_id", "session", "unit"] as const;
/** As long as an id that a request may carry. */
const maxIdLength = 512;

/** Exactly one of request, session and unit. Throws a Failure that repeats no id: they may be somebody's. */
export function parseSubject(item: OutcomeItem, rules: SubjectRules): Parsed {
  const [name, second] = subjectNames.filter((each) => item.members.has(each));
  if (name === undefined) {
    const cure = "say what the outcome is of: request_id, session or unit.";
    throw refusal(item, "request_id", `is missing; ${cure}`, "missing_required_parameter");
  }
  if (second !== undefined) throw refusal(item, second, `stands beside ${name}; send one of the two.`);
  if (name !== "unit" && item.members.has("unit_type")) {
    throw refusal(item, "unit_type", `goes with unit, and this outcome has a ${name}; leave it out.`);
  }
  const id = idOf(item, name);
  if (name === "request_id") return requestOf(item, id.toLowerCase(), rules);
  if (name === "session") return { kind: "session", session: id, at: undefined };
  return { kind: "unit", type: unitTypeOf(item, rules), id, at: undefined };
}

function idOf(item: OutcomeItem, name: string): string {
  const id = item.members.get(name);
  if (typeof id !== "string") {
    const said = typeof id === "number" ? "a number" : shown(id);
    throw refusal(item, name, `is ${said}; send a string, the same that requests carry.`);
  }
  // Everybody who sends a blank one would be one and the same.
  if (id.trim() === "") throw refusal(item, name, "is blank; send an id.");
  if (id.length <= maxIdLength) return id;
  throw refusal(item, name, `is longer than ${maxIdLength} characters; no request can carry it.`);
}

function requestOf(item: OutcomeItem, requestId: string, { now, retentionMs }: SubjectRules): Parsed {
  const at = uuidTime(requestId);
  if (at === undefined || at > now + clockSkewMs) {
    const param = item.param("request_id");
    const message = `${param} is not an id of ours; send the x-request-id of the answer that the outcome is of.`;
    throw new Failure("not_found", message, { param });
  }
  if (at >= now - retentionMs) return { kind: "request", requestId, at };
  const days = Math.floor(retentionMs / 86_400_000);
  const cure = `requests are kept for ${days} days (store.retention_days).`;
  throw refusal(item, "request_id", `is of a request that is no longer kept; ${cure}`, "outcome_too_old");
}

const namedTypes: readonly UnitType[] = ["user", "org", "session"];

function unitTypeOf(item: OutcomeItem, { unitTypes }: SubjectRules): UnitType {
  const written = item.members.get("unit_type");
  const type = namedTypes.find((each) => each === written);
  if (type !== undefined) return type;
  if (written === "request")
    throw refusal(item, "unit_type", "is request; send request_id in place of unit.");
  if (written !== undefined) {
    throw refusal(item, "unit_type", `is ${shown(written)}; use one of ${namedTypes.join(", ")}.`);
  }
  const used = [...new Set(unitTypes)].filter((each) => each !== "request");
  if (used.length === 1 && used[0] !== undefined) return used[0];
  const found =
    used.length === 0 ? "no experiment has units to guess by" : `experiments use ${used.join(" and ")}`;
  throw refusal(
    item,
    "unit_type",
    `is missing, and ${found}; say which: ${namedTypes.join(", ")}.`,
    "missing_required_parameter",
  );
}
