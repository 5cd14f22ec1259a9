/** An Assay before an upstream that plays what each test tells it to, and the words to tell what came of it. */
import { setImmediate } from "node:timers/promises";
import type { RequestRecord } from "../../src/domain/record.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import {
  bodyOf,
  chunkOf,
  type HostileHandler,
  type HostileUpstream,
  lastChunk,
  startHostileUpstream,
  streamHead,
  wholeAnswer,
} from "../support/hostile-upstream.ts";
import { type Heard, rawPost } from "../support/raw-post.ts";

export interface FaultyApp extends TestApp {
  /** Plays the upstream `test` from now on; `spare` always answers well. */
  play(handler: HostileHandler): void;
  readonly upstream: HostileUpstream;
  ask(model: string, options?: AskOptions): Promise<Told>;
  /** The record of this request, as soon as it is written. */
  recordOf(requestId: string): Promise<RequestRecord>;
}

export interface AskOptions {
  readonly stream?: boolean;
  readonly members?: Readonly<Record<string, unknown>>;
  readonly enough?: (text: string) => boolean;
}

/** What the client got and what was written down. */
export interface Told extends Heard {
  /** The `code` of the error, in the body or in the stream's last event. */
  readonly code: string | undefined;
  readonly record: RequestRecord;
}

export interface FaultyAppOptions {
  /** Address of `test` when it is not the hostile upstream. */
  readonly upstreamUrl?: string;
  /** YAML of `test`, indented by four spaces, in place of the usual. */
  readonly budgets?: string;
  readonly rest?: string;
}

/** Nothing in it gives up by itself: the breaker never opens and retries are never refused. */
const usual = `
    budgets: { connect_ms: 150, first_token_ms: 150, stall_ms: 150 }
    max_response_bytes: 200000
    breaker: { minimum_calls: 1000000 }
    retry: { base_ms: 1, max_ms: 5, max_retry_after_ms: 50, budget_per_second: 1000 }`;

const schema = `{ type: object, properties: { ok: { type: boolean } }, required: [ok] }`;

/**
 * `alone` has no fallback, `rescued` falls back to `spare`, `canned` to a ready answer, and `buffered`,
 * `buffered-alone`, `checked` are their stream modes.
 */
export async function startFaultyApp(options: FaultyAppOptions = {}): Promise<FaultyApp> {
  let handler: HostileHandler = good;
  const upstream = await startHostileUpstream((socket, request) => handler(socket, request));
  const spare = await startHostileUpstream(good);
  const experiment = (id: string, more: string) => `
  ${id}:
    variants: { control: { model: model-a }, candidate: { model: model-b } }
    ${more}`;
  const app = await startTestApp({
    config: `
upstreams:
  test:
    base_url: ${options.upstreamUrl ?? upstream.url}${options.budgets ?? usual}
  spare:
    base_url: ${spare.url}
models:
  model-a: { upstream: test, price: { input_per_million: 1, output_per_million: 2 } }
  model-b: { upstream: spare }
experiments:${[
      experiment("alone", ""),
      experiment("rescued", "fallback: [{ variant: candidate }]"),
      experiment("canned", "fallback: [{ answer: ready }]\n    budgets: { total_ms: 60 }"),
      experiment("late", "budgets: { total_ms: 60 }"),
      experiment("buffered", "fallback: [{ variant: candidate }]\n    output: { stream_mode: buffer }"),
      experiment("buffered-alone", "output: { stream_mode: buffer }"),
      experiment("checked", `output: { stream_mode: validate_at_end, schema: ${schema} }`),
    ].join("")}
${options.rest ?? ""}`,
  });
  const recordOf = (requestId: string) => findRecord(app, requestId);
  return {
    ...app,
    upstream,
    recordOf,
    play: (next) => {
      handler = next;
    },
    ask: async (model, asked = {}) => {
      const heard = await rawPost({
        url: `${app.url}/chat/completions`,
        headers: { "content-type": "application/json" },
        body: { ...bodyFor(model), stream: asked.stream === true, ...asked.members },
        ...(asked.enough === undefined ? {} : { enough: asked.enough }),
      });
      const record = await recordOf(String(heard.headers["x-request-id"]));
      return { ...heard, code: errorCode(heard.text), record };
    },
    close: async () => {
      await app.close();
      await Promise.all([upstream.close(), spare.close()]);
    },
  };
}

/** Pinned to the control, so that the target is known; the experiment's other rules hold. */
export function bodyFor(model: string) {
  return { model: model.includes("/") ? model : `experiment/${model}@control`, messages: [] };
}

async function findRecord({ app }: TestApp, requestId: string): Promise<RequestRecord> {
  // A record is written when the last byte has left, a turn or two after the client has it.
  for (let turn = 0; turn < 50_000; turn++) {
    const record = (await app.records.recent({ limit: 1000 })).find((it) => it.requestId === requestId);
    if (record !== undefined) return record;
    await setImmediate();
  }
  throw new Error(`no record of ${requestId} came`);
}

/** `test/model-a initial upstream_reset?`: a mark stands for "maybe done twice". */
export function attemptsOf({ attempts }: RequestRecord): readonly string[] {
  return attempts.map(
    ({ upstream, model, reason, cause, maybeDuplicate }) =>
      `${upstream}/${model} ${reason} ${cause ?? "ok"}${maybeDuplicate ? "?" : ""}`,
  );
}

function errorCode(text: string): string | undefined {
  const json = text.startsWith("{") ? text : /^data: (\{"error".*)$/m.exec(text)?.[1];
  if (json === undefined) return undefined;
  // What is under test may be no JSON at all: then it has no code.
  try {
    return JSON.parse(json).error?.code ?? undefined;
  } catch {
    return undefined;
  }
}

export function isStreamed(request: Buffer): boolean {
  return bodyOf(request).includes('"stream":true');
}

/** Answers well, streamed or not. */
export const good: HostileHandler = (socket, request) => {
  socket.write(isStreamed(request) ? streamHead + chunkOf(goodStream) + lastChunk : wholeAnswer(completion));
};

export const completion = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  model: "model-a-2026",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
});

export function chunk(delta: object, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ id: "chatcmpl-1", model: "model-a-2026", choices })}\n\n`;
}

export const role = chunk({ role: "assistant", content: "" });
export const hello = chunk({ content: "Hello" });
export const finish = chunk({}, "stop");
export const done = "data: [DONE]\n\n";
export const goodStream = role + hello + finish + done;

/** A stream of these events whose connection then stays open. */
export function openStream(...events: readonly string[]): string {
  return streamHead + events.map(chunkOf).join("");
}

export function statusAnswer(status: number, body: string, headers: readonly string[] = []): string {
  const head = [`HTTP/1.1 ${status} No`, "content-type: application/json", ...headers];
  return `${head.join("\r\n")}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

export const upstreamError = (code: string) =>
  JSON.stringify({ error: { message: "no", type: "server_error", param: null, code } });

/** How many of these the stream ends with: never both, never none. */
export function terminals(text: string): { readonly done: number; readonly errors: number } {
  const events = text.split("\n\n");
  return {
    done: events.filter((event) => event === "data: [DONE]").length,
    errors: events.filter((event) => event.startsWith('data: {"error"')).length,
  };
}

/** Waits, for a bounded number of turns, until the condition holds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`never came: ${what}`);
    await setImmediate();
  }
}
