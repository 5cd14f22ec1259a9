/** An Assay in front of an upstream, as the tests of real clients need it. */
import { setImmediate } from "node:timers/promises";
import OpenAI from "openai";
import type { RequestRecord } from "../../src/domain/record.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";

export interface Proxied {
  readonly app: TestApp;
  readonly upstream: ScriptedUpstream;
  /** A client of the proxy; it retries nothing. */
  readonly openai: OpenAI;
  /** The same client at the upstream itself. */
  readonly direct: OpenAI;
  close(): Promise<void>;
}

/** A scripted upstream without pauses, and an Assay before it; the parts go into its configuration. */
export async function startProxied(
  parts: Omit<Parameters<typeof configWith>[0], "upstreamUrl"> & {
    readonly files?: Readonly<Record<string, string>>;
  } = {},
): Promise<Proxied> {
  const { files = {}, ...rest } = parts;
  const upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  const app = await startTestApp({ config: configWith({ upstreamUrl: upstream.url, ...rest }), files });
  return {
    app,
    upstream,
    openai: clientOf(app.url),
    direct: clientOf(upstream.url),
    close: async () => {
      await app.close();
      await upstream.close();
    },
  };
}

/** A configuration that only passes on: one try, no experiment. */
export function plainConfig(upstreamUrl: string): string {
  return `
upstreams:
  test:
    base_url: ${upstreamUrl}
    retry: { max_attempts: 1 }
`;
}

export function clientOf(baseURL: string, options: { readonly maxRetries?: number } = {}): OpenAI {
  return new OpenAI({ baseURL, apiKey: "sk-client", maxRetries: 0, ...options });
}

/** A conversation of one question. */
export function ask(text: string): [{ role: "user"; content: string }] {
  return [{ role: "user", content: text }];
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The error that a promise rejects with, as an instance of this class. */
export async function rejection<E extends Error>(
  promise: PromiseLike<unknown>,
  type: abstract new (...args: never[]) => E,
): Promise<E> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof type) return error;
    throw error;
  }
  throw new Error(`expected ${type.name}, but the promise resolved`);
}

/** Waits for the record that matches; records are written a turn or two after the client has its answer. */
export async function recordOf(
  { app }: Pick<Proxied, "app">,
  matches: (record: RequestRecord) => boolean,
): Promise<RequestRecord> {
  for (let turn = 0; turn < 20_000; turn++) {
    const record = (await app.records(0)).find(matches);
    if (record !== undefined) return record;
    await setImmediate();
  }
  throw new Error("no record came that matches");
}

/** The body that the upstream got last. */
export function lastBody(upstream: Pick<ScriptedUpstream, "requests">): Record<string, unknown> {
  // What a client of OpenAI sends is an object.
  return JSON.parse(lastText(upstream)) as Record<string, unknown>;
}

export function lastText(upstream: Pick<ScriptedUpstream, "requests">): string {
  return upstream.requests.at(-1)?.body.toString() ?? "";
}

/** What two answers may differ in: ids, times, and nothing else. */
const unlike: ReadonlySet<string> = new Set(["id", "created", "created_at", "_request_id"]);

export function withoutIds(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, member: unknown) => (unlike.has(key) ? undefined : member)));
}

export const weatherTool = {
  type: "function",
  function: {
    name: "weather",
    description: "Weather of a city.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" } },
      required: ["city", "days"],
      additionalProperties: false,
    },
  },
} as const;

export const answerSchema = {
  type: "object",
  properties: { topic: { type: "string" }, urgent: { type: "boolean" } },
  required: ["topic", "urgent"],
  additionalProperties: false,
} as const;
