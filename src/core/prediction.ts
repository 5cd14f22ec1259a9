/** Reads and completes what a model server answers. */
import { Failure } from "../domain/failure.ts";
import { isObject } from "./chat-completion.ts";
import { valueAt } from "./json-pointer.ts";
import { scanBody, spliceBody } from "./json-scan.ts";

export interface Prediction {
  /** As text that labels are compared with; undefined for what is neither a short text, a number nor a boolean. */
  readonly text: string | undefined;
  /** The version that the server says it is. */
  readonly modelVersion: string | undefined;
}

export const defaultPredictionPath = "/prediction";
const maxTextLength = 128;

/** The prediction in an answer; undefined where the answer is no object or has none: null is none. */
export function readPrediction(answer: unknown, path: string): Prediction | undefined {
  if (!isObject(answer)) return undefined;
  const value = valueAt(answer, path);
  if (value === undefined || value === null) return undefined;
  const { model_version: version } = answer;
  const isVersion = (typeof version === "string" && version !== "") || typeof version === "number";
  return { text: plainText(value), modelVersion: isVersion ? String(version) : undefined };
}

/**
 * The answer with what every client may rely on: `prediction`, `model_version` and `latency_ms`. Members of the server's own
 * stay byte for byte, but for `latency_ms`: measured in one place it can be compared. It is null where no server was asked.
 */
export function completeAnswer(
  bytes: Buffer,
  facts: { readonly path: string; readonly model: string; readonly latencyMs: number | undefined },
): Buffer {
  const { members } = scanBody(bytes);
  const answer: unknown = JSON.parse(bytes.toString("utf8"));
  const edits = new Map<string, Buffer>();
  if (!hasMember(answer, "prediction")) edits.set("prediction", json(valueAt(answer, facts.path)));
  if (!hasMember(answer, "model_version")) edits.set("model_version", json(facts.model));
  const { latencyMs } = facts;
  edits.set("latency_ms", json(latencyMs === undefined ? null : Math.round(latencyMs * 100) / 100));
  return spliceBody(bytes, members, edits);
}

/** Why an answer of this text could not be served; undefined where it can. For ready answers of the configuration. */
export function answerProblem(text: string, path: string): string | undefined {
  try {
    const bytes = Buffer.from(text);
    scanBody(bytes);
    return readPrediction(JSON.parse(text), path) === undefined ? `it has nothing at ${path}` : undefined;
  } catch (thrown) {
    if (thrown instanceof Failure) return "it is not a JSON object";
    throw thrown;
  }
}

function plainText(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value.length <= maxTextLength ? value : undefined;
}

function hasMember(answer: unknown, name: string): boolean {
  return isObject(answer) && answer[name] !== undefined && answer[name] !== null;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
