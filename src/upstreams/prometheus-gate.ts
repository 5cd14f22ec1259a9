/** The gate of a ramp: one instant query of a Prometheus server (its HTTP API, `/api/v1/query`). */
import { lookup } from "node:dns";
import { Agent, request } from "undici";
import { isObject } from "../core/chat-completion.ts";
import type { RampGate, RampReadings } from "../domain/ramp.ts";
import { guardedLookup } from "./guarded-lookup.ts";

export interface GateCaller {
  /** Never rejects: no answer, no value, more than one and NaN are missing. */
  ask(gate: RampGate): Promise<NonNullable<RampReadings["gate"]>>;
  close(): Promise<void>;
}

const maxAnswerBytes = 1_048_576;

/** `missed` hears why nothing was found; the same cause, look after look, once. */
export function createGateCaller(missed: (gate: RampGate, why: string) => void): GateCaller {
  const told = new Map<string, string>();
  // Such a server stands beside this one more often than not; where clouds keep credentials it may not be.
  const dispatcher = new Agent({
    connections: 4,
    maxResponseSize: maxAnswerBytes,
    connect: { lookup: guardedLookup({ name: "gate", canReachPrivate: true }, lookup) },
  });
  return {
    async ask(gate) {
      try {
        const value = sampleOf(await answerTo(gate, dispatcher));
        told.delete(nameOf(gate));
        if (gate.compare === "below") return value < gate.threshold ? "passes" : "fails";
        return value > gate.threshold ? "passes" : "fails";
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (told.get(nameOf(gate)) !== why) missed(gate, why);
        told.set(nameOf(gate), why);
        return "missing";
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function nameOf({ url, query }: RampGate): string {
  return `${url} ${query}`;
}

async function answerTo({ url, query, timeoutMs }: RampGate, dispatcher: Agent): Promise<unknown> {
  const { statusCode, body } = await request(`${url.replace(/\/$/, "")}/api/v1/query`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ query }).toString(),
    signal: AbortSignal.timeout(timeoutMs),
    dispatcher,
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`it answered ${statusCode}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

/** Of a scalar, or of a vector with one sample: `[seconds, "value"]`. */
function sampleOf(answer: unknown): number {
  const data = isObject(answer) && answer.status === "success" && isObject(answer.data) ? answer.data : {};
  const samples: readonly unknown[] = Array.isArray(data.result) ? data.result : [];
  if (data.resultType === "vector" && samples.length !== 1)
    throw new Error(`the query gave ${samples.length} values; it must give one`);
  const sample = data.resultType === "vector" ? memberOf(samples[0], "value") : samples;
  const written: unknown = Array.isArray(sample) ? sample[1] : undefined;
  // An empty text is 0 to JavaScript.
  const isNumber = typeof written === "string" && /^[+-]?\d/.test(written);
  const value = isNumber && isOneValue(data.resultType) ? Number(written) : Number.NaN;
  if (Number.isNaN(value)) throw new Error("the query gave no number");
  return value;
}

function isOneValue(resultType: unknown): boolean {
  return resultType === "scalar" || resultType === "vector";
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
