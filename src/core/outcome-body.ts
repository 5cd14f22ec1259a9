import { isUtf8 } from "node:buffer";
import type { UnitType } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";
import type { OutcomeMetric } from "../domain/metric.ts";
import { isBuiltIn } from "./built-in-metrics.ts";
import { shown } from "./chat-parameters.ts";
import { didYouMean } from "./did-you-mean.ts";
import { afterValue, createJsonCursor, skipSpace } from "./json-grammar.ts";
import { maxDepth, maxKeys, scanBody } from "./json-scan.ts";
import { meant, type OutcomeItem, quoted, refusal } from "./outcome-item.ts";
import { type OutcomeSubjectDraft, parseSubject } from "./outcome-subject.ts";
import { clockSkewMs, parseInstant } from "./outcome-time.ts";
import { type OutcomeValue, parseOutcomeValue } from "./outcome-value.ts";

/** What outcomes are judged by. */
export interface OutcomeRules {
  readonly metrics: Readonly<Record<string, OutcomeMetric>>;
  /** Types of the units that experiments randomise. */
  readonly unitTypes: readonly UnitType[];
  readonly retentionMs: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** An outcome as its sender told it: with raw ids, and a comment that nobody has redacted. */
export interface OutcomeDraft extends OutcomeValue {
  readonly metric: string;
  readonly subject: OutcomeSubjectDraft;
  readonly comment: string | undefined;
  /** Epoch milliseconds; undefined where the sender left it to the moment of arrival. */
  readonly at: number | undefined;
  readonly idempotencyKey: string | undefined;
}

export interface OutcomeBody {
  readonly drafts: readonly OutcomeDraft[];
  /** The answer has the body's form. */
  readonly isArray: boolean;
}

const maxOutcomes = 1000;
const maxCommentLength = 2000;
const maxKeyLength = 255;

/** One outcome, or an array of 1 to 1,000; one that is wrong refuses all, by a Failure whose `param` is such as `[3].value`. */
export function parseOutcomes(bytes: Buffer, rules: OutcomeRules): OutcomeBody {
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== openBracket) return { drafts: [parseOne(bytes, rules)], isArray: false };
  const drafts = itemsOf(bytes, start).map((item, index) => parseItem(itemOf(item, index), rules));
  return { drafts, isArray: true };
}

const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;

function parseOne(bytes: Buffer, rules: OutcomeRules): OutcomeDraft {
  try {
    return parseItem(itemOf(bytes, undefined), rules);
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== "invalid_type") throw thrown;
    const message = "The body is neither an outcome nor an array of them. Send an object or an array.";
    throw new Failure("invalid_type", message, { cause: thrown });
  }
}

/** The bytes of each element. */
function itemsOf(bytes: Buffer, start: number): readonly Buffer[] {
  if (!isUtf8(bytes)) throw new Failure("invalid_encoding", "The body is not valid UTF-8. Send it as UTF-8.");
  const cursor = createJsonCursor(bytes, { maxDepth, maxKeys });
  const items: Buffer[] = [];
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] !== closeBracket || items.length > 0) {
    const end = afterValue(cursor, at, 1);
    items.push(bytes.subarray(at, end));
    if (items.length > maxOutcomes) {
      throw new Failure(
        "invalid_value",
        `The array has more than ${maxOutcomes} outcomes; send them in parts.`,
      );
    }
    at = skipSpace(bytes, end);
    if (bytes[at] === closeBracket) break;
    if (bytes[at] !== comma) throw cursor.invalid(at);
    at = skipSpace(bytes, at + 1);
  }
  const end = skipSpace(bytes, at + 1);
  if (end !== bytes.length) throw cursor.invalid(end);
  if (items.length === 0)
    throw new Failure("invalid_value", "The array is empty; send at least one outcome.");
  return items;
}

function itemOf(bytes: Buffer, index: number | undefined): OutcomeItem {
  const within = index === undefined ? "" : `[${index}]`;
  const param = (name: string): string => (index === undefined ? name : `${within}.${name}`);
  checkObject(bytes, within);
  // The scan let it through: it is an object, and no key stands in it twice.
  const members = Object.entries(JSON.parse(bytes.toString("utf8")) as object);
  return { members: new Map(members.filter(([, value]) => value !== null)), param };
}

function checkObject(bytes: Buffer, within: string): void {
  try {
    scanBody(bytes);
  } catch (thrown) {
    if (within === "" || !(thrown instanceof Failure)) throw thrown;
    const { param } = thrown.details;
    if (param !== undefined) {
      const message = `${within} has the key ${quoted(param)} twice. Send it once.`;
      throw new Failure(thrown.code, message, { cause: thrown, param: `${within}.${param}` });
    }
    const message = `${within} is not an object; send outcomes such as {"request_id": …, "metric": …, "value": …}.`;
    throw new Failure("invalid_type", message, { cause: thrown, param: within });
  }
}

const memberNames = [
  "request_id",
  "session",
  "unit",
  "unit_type",
  "metric",
  "value",
  "label",
  "comment",
  "at",
  "idempotency_key",
];

function parseItem(item: OutcomeItem, rules: OutcomeRules): OutcomeDraft {
  for (const name of item.members.keys()) {
    if (memberNames.includes(name)) continue;
    const near = didYouMean(name, memberNames);
    const cure = near === undefined ? `an outcome has ${memberNames.join(", ")}.` : `did you mean "${near}"?`;
    const param = item.param(name.slice(0, 64));
    throw new Failure("unsupported_parameter", `${param} is no member of an outcome; ${cure}`, { param });
  }
  const metric = parseMetric(item, rules);
  const { at: subjectAt, ...subject } = parseSubject(item, rules);
  return {
    metric: metric.name,
    subject,
    ...parseOutcomeValue(item, metric),
    comment: parseComment(item),
    at: parseAt(item, { ...rules, notBefore: subjectAt }),
    idempotencyKey: parseText(item, "idempotency_key", maxKeyLength),
  };
}

function parseMetric(item: OutcomeItem, { metrics }: OutcomeRules): OutcomeMetric {
  const names = Object.keys(metrics);
  const name = item.members.get("metric");
  if (names.length === 0) {
    throw refusal(
      item,
      "metric",
      "is not known: the configuration declares no metric; add it there under `metrics`.",
    );
  }
  if (name === undefined) {
    const cure = meant("", names);
    throw refusal(item, "metric", `is missing; ${cure}`, "missing_required_parameter");
  }
  if (typeof name !== "string") throw refusal(item, "metric", `is ${shown(name)}; ${meant("", names)}`);
  const metric = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
  if (metric !== undefined) return metric;
  if (isBuiltIn(name)) {
    throw refusal(item, "metric", `is "${name}", which Assay measures itself; ${meant("", names)}`);
  }
  throw refusal(item, "metric", `is ${quoted(name)}, which the configuration lacks; ${meant(name, names)}`);
}

function parseComment(item: OutcomeItem): string | undefined {
  const comment = item.members.get("comment");
  if (comment === undefined) return undefined;
  if (typeof comment !== "string") throw refusal(item, "comment", `is ${shown(comment)}; send a string.`);
  // Never fewer UTF-16 units than characters, and at most two for each.
  const isShort = comment.length <= maxCommentLength;
  const isLong = comment.length > 2 * maxCommentLength;
  if (isShort || (!isLong && [...comment].length <= maxCommentLength)) return comment;
  throw refusal(item, "comment", `has more than ${maxCommentLength} characters; shorten it.`);
}

function parseAt(
  item: OutcomeItem,
  rules: OutcomeRules & { readonly notBefore: number | undefined },
): number | undefined {
  const written = item.members.get("at");
  if (written === undefined) return undefined;
  const at = parseInstant(written);
  const { now, retentionMs, notBefore } = rules;
  if (at === undefined) {
    const cure = "send a time such as 2026-11-22T20:55:00Z, or milliseconds since 1970.";
    throw refusal(item, "at", `is ${shown(written)}; ${cure}`);
  }
  const iso = Math.abs(at) < 8.64e15 ? new Date(at).toISOString() : String(at);
  if (at > now + clockSkewMs) throw refusal(item, "at", `is ${iso}, which is yet to come; mind the clock.`);
  if (at < now - retentionMs) {
    const isSeconds = typeof written === "number" && written > 0 && written * 1000 <= now + clockSkewMs;
    const cure = isSeconds ? "those look like seconds, send milliseconds." : "nothing that old is kept.";
    throw refusal(item, "at", `is ${iso}; ${cure}`, "outcome_too_old");
  }
  if (notBefore !== undefined && at < notBefore - clockSkewMs) {
    throw refusal(item, "at", `is ${iso}, before its request; mind the clock.`);
  }
  return at;
}

function parseText(item: OutcomeItem, name: string, maxLength: number): string | undefined {
  const text = item.members.get(name);
  if (text === undefined) return undefined;
  if (typeof text === "string" && text !== "" && text.length <= maxLength) return text;
  throw refusal(item, name, `is ${shown(text)}; send a string of 1 to ${maxLength} characters.`);
}
