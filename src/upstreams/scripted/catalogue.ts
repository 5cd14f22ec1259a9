import { type JsonObject, listIn, numberIn } from "./json.ts";
import type { Stamp } from "./material.ts";
import { idOf } from "./material.ts";
import { createRandom, seedOf } from "./random.ts";
import { tokensOf } from "./replies.ts";
import type { ScriptedRequest } from "./request.ts";

const modelNames = [
  "gpt-4.1",
  "gpt-4.1-mini",
  "gpt-4.1-nano",
  "gpt-4o",
  "gpt-4o-mini",
  "text-embedding-3-small",
] as const;

/**
 * The answer of `GET /v1/models`. Other models are played as well; these are the ones that a picker shows.
 */
export function modelList(): unknown {
  return { object: "list", data: modelNames.map(modelOf) };
}

/** The answer of `GET /v1/models/{id}`; undefined for a model that is not listed. */
export function modelNamed(id: string): unknown {
  const name = modelNames.find((known) => known === id);
  return name === undefined ? undefined : modelOf(name);
}

function modelOf(id: string): unknown {
  return { id, object: "model", created: 1_700_000_000, owned_by: "scripted" };
}

/**
 * Vectors of length 1 that the text alone decides; `base64` packs little-endian floats, as the OpenAI SDK
 * asks by default.
 */
export function embeddingsOf(request: ScriptedRequest): unknown {
  const { body, model } = request;
  const dimensions = Math.min(Math.max(Math.trunc(numberIn(body, "dimensions") ?? 1536), 1), 4096);
  const inputs = embeddingInputs(body);
  const isPacked = body.encoding_format === "base64";
  const data = inputs.map((input, index) => {
    const vector = vectorOf(seedOf(model, input), dimensions);
    return { object: "embedding", index, embedding: isPacked ? packed(vector) : vector };
  });
  const tokens = inputs.reduce((sum, input) => sum + tokensOf(input).length, 0);
  return { object: "list", data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** A list of numbers is one input that is tokenised already. */
function embeddingInputs(body: JsonObject): readonly string[] {
  const items = listIn(body, "input");
  if (items.length === 0 || typeof items[0] === "number") return [textOf(body.input)];
  return items.map(textOf);
}

function textOf(input: unknown): string {
  return typeof input === "string" ? input : JSON.stringify(input);
}

function vectorOf(seed: number, dimensions: number): readonly number[] {
  const random = createRandom(seed);
  const raw = Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...raw) || 1;
  return raw.map((value) => value / length);
}

function packed(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString("base64");
}

const categories = ["harassment", "hate", "illicit", "self-harm", "sexual", "violence"] as const;

/** Flags plain words of violence and nothing else: enough to see a guardrail act. */
export function moderationsOf(request: ScriptedRequest, stamp: Stamp): unknown {
  const results = request.messages.map(({ text }) => {
    const isFlagged = /\b(kill|bomb|attack|murder)\b/i.test(text);
    const by = <T>(value: (isHit: boolean) => T) =>
      Object.fromEntries(categories.map((name) => [name, value(isFlagged && name === "violence")]));
    return {
      flagged: isFlagged,
      categories: by((isHit) => isHit),
      category_scores: by((isHit) => (isHit ? 0.97 : 0.001)),
    };
  });
  return { id: idOf(stamp, "modr-"), model: request.model, results };
}
