import { gzipSync } from "node:zlib";
import type { Behaviour } from "./behaviour.ts";
import { type Material, midStreamError, type StreamEvent } from "./material.ts";

/** One move of an answer's body. A body whose steps run out ends cleanly. */
export type Step =
  | { readonly kind: "write"; readonly bytes: string | Buffer }
  /** Sends the headers although there is no body yet. */
  | { readonly kind: "flush" }
  | { readonly kind: "wait"; readonly ms: number }
  /** Closes the connection once what was written has left. */
  | { readonly kind: "cut" }
  /** Says nothing more, and keeps the connection. */
  | { readonly kind: "silence" };

export interface ResponsePlayback {
  readonly kind: "response";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * How the end of the body is told: a length in bytes, chunked encoding, or nothing but the connection's
   * close.
   */
  readonly framing:
    | { readonly kind: "length"; readonly bytes: number }
    | { readonly kind: "chunked" | "close" };
  readonly steps: Iterable<Step>;
}

/** Everything that the player has to know; a pure function of the behaviour and the good answer. */
export type Playback = { readonly kind: "reset" } | { readonly kind: "silence" } | ResponsePlayback;

export interface Pace {
  readonly firstTokenMs: number;
  readonly tokenDelayMs: number;
}

/** Turns a good answer into the one that the behaviour asks for. */
export function playbackOf(behaviour: Behaviour, material: Material, pace: Pace): Playback {
  if (behaviour.kind === "reset_before_headers") return { kind: "reset" };
  if (behaviour.kind === "hang") return { kind: "silence" };
  const error = errorPlayback(behaviour);
  if (error !== undefined) return error;
  if (behaviour.kind === "gzip") return gzipped(material, pace);
  return material.kind === "stream"
    ? streamed(behaviour, material, pace)
    : whole(behaviour, material.text, pace);
}

export interface ErrorAnswer {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
  readonly param?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error answer in OpenAI's shape. */
export function errorAnswer({
  status,
  message,
  type,
  code,
  param = null,
  headers = {},
}: ErrorAnswer): ResponsePlayback {
  return jsonAnswer({ error: { message, type, param, code } }, { status, headers });
}

export function jsonAnswer(
  value: unknown,
  { status, headers }: Pick<ResponsePlayback, "status" | "headers"> = { status: 200, headers: {} },
): ResponsePlayback {
  const text = JSON.stringify(value);
  return { ...wholeResponse(text, [write(text)]), status, headers: { ...jsonHeaders, ...headers } };
}

const jsonHeaders = { "content-type": "application/json" } as const;
const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
} as const;
const write = (bytes: string | Buffer): Step => ({ kind: "write", bytes });
const wait = (ms: number): readonly Step[] => (ms > 0 ? [{ kind: "wait", ms }] : []);

function errorPlayback(behaviour: Behaviour): ResponsePlayback | undefined {
  switch (behaviour.kind) {
    case "rate_limited":
      return errorAnswer({
        status: 429,
        message: "The scripted upstream is rate limited on purpose. Come back after the time in retry-after.",
        type: "requests",
        code: "rate_limit_exceeded",
        headers: retryHeaders(behaviour.retryAfterMs, behaviour.header),
      });
    case "quota":
      return errorAnswer({
        status: 429,
        message: "The scripted upstream has no quota left, on purpose.",
        type: "insufficient_quota",
        code: "insufficient_quota",
      });
    case "server_error":
      return errorAnswer({
        status: behaviour.status,
        message: "The scripted upstream failed on purpose.",
        type: "server_error",
        code: null,
      });
    case "redirect": {
      const location = behaviour.location ?? "/v1/redirected";
      return { ...jsonAnswer({}), status: 307, headers: { ...jsonHeaders, location } };
    }
    default:
      return undefined;
  }
}

function retryHeaders(
  ms: number,
  header: "both" | "seconds" | "ms" | "none",
): Readonly<Record<string, string>> {
  return {
    ...(header === "both" || header === "seconds" ? { "retry-after": String(Math.ceil(ms / 1000)) } : {}),
    ...(header === "both" || header === "ms" ? { "retry-after-ms": String(ms) } : {}),
  };
}

function gzipped(material: Material, pace: Pace): ResponsePlayback {
  const text =
    material.kind === "whole" ? material.text : material.events.map((event) => event.text).join("");
  const bytes = gzipSync(text);
  const headers = material.kind === "whole" ? jsonHeaders : streamHeaders;
  const response = wholeResponse(bytes, [...wait(pace.firstTokenMs), write(bytes)]);
  return { ...response, headers: { ...headers, "content-encoding": "gzip" } };
}

function wholeResponse(body: string | Buffer, steps: Iterable<Step>): ResponsePlayback {
  return {
    kind: "response",
    status: 200,
    headers: jsonHeaders,
    framing: { kind: "length", bytes: Buffer.byteLength(body) },
    steps,
  };
}

function whole(behaviour: Behaviour, text: string, pace: Pace): ResponsePlayback {
  const half = text.slice(0, Math.floor(text.length / 2));
  const before = wait(pace.firstTokenMs);
  const good = wholeResponse(text, [...before, write(text)]);
  switch (behaviour.kind) {
    case "slow_first_token":
      return { ...good, steps: [{ kind: "flush" }, ...wait(behaviour.delayMs), write(text)] };
    case "stall":
      return { ...good, steps: [...before, write(half), { kind: "silence" }] };
    case "cut":
      return { ...good, steps: [...before, write(half), { kind: "cut" }] };
    case "truncated_json": {
      const framing = behaviour.hasLength ? good.framing : ({ kind: "close" } as const);
      return { ...good, framing, steps: [...before, write(half), { kind: "cut" }] };
    }
    case "clean_end_without_finish":
      return { ...good, framing: { kind: "chunked" }, steps: [...before, write(half)] };
    case "error_in_200":
      return jsonAnswer({ error: midStreamError });
    case "malformed_chunk":
    case "invalid_json_body":
      return wholeResponse(notJson, [...before, write(notJson)]);
    case "huge_line":
      return {
        ...good,
        framing: { kind: "chunked" },
        steps: [...before, ...padding(behaviour.bytes), write(text)],
      };
    case "endless_body":
      return { ...good, framing: { kind: "chunked" }, steps: endless(before, " ".repeat(paddingBytes)) };
    default:
      return good;
  }
}

const notJson = '{"id": "chatcmpl-scripted", "choices": [{"index": 0, "message": <broken>';
const paddingBytes = 65_536;

/** Spaces before a JSON text: it stays valid, and grows as long as one likes. */
function* padding(bytes: number): Generator<Step> {
  for (let left = bytes; left > 0; left -= paddingBytes)
    yield write(" ".repeat(Math.min(left, paddingBytes)));
}

function* endless(opening: Iterable<Step>, text: string): Generator<Step> {
  yield* opening;
  for (;;) yield write(text);
}

type StreamMaterial = Extract<Material, { kind: "stream" }>;

function streamed(behaviour: Behaviour, material: StreamMaterial, pace: Pace): ResponsePlayback {
  const isClosing = behaviour.kind === "truncated_json" && !behaviour.hasLength;
  return {
    kind: "response",
    status: 200,
    headers: streamHeaders,
    framing: { kind: isClosing ? "close" : "chunked" },
    steps: streamSteps(behaviour, material, pace),
  };
}

function streamSteps(behaviour: Behaviour, material: StreamMaterial, pace: Pace): Iterable<Step> {
  const { events, contentEvent, errorEvent } = material;
  const paced = (some: readonly StreamEvent[]) => pacedSteps(some, pace);
  const [opening, rest] = splitAfter(events, 0);
  switch (behaviour.kind) {
    case "slow_first_token":
      return [...wholeSteps(opening), { kind: "flush" }, ...wait(behaviour.delayMs), ...wholeSteps(rest)];
    case "stall":
      return [...paced(splitAfter(events, behaviour.afterChunks)[0]), { kind: "silence" }];
    case "cut":
      return [...paced(splitAfter(events, behaviour.afterChunks)[0]), { kind: "cut" }];
    case "truncated_json":
      return [
        ...paced(splitAfter(events, 2)[0]),
        write(contentEvent("cut in the").slice(0, -20)),
        { kind: "cut" },
      ];
    case "clean_end_without_finish":
      return paced(splitAfter(events, behaviour.afterChunks)[0]);
    case "missing_done":
      return paced(events.filter((event) => event.part !== "done"));
    case "error_in_200":
      return [...paced(splitAfter(events, behaviour.afterChunks)[0]), write(errorEvent)];
    case "malformed_chunk": {
      const [before, after] = splitAfter(events, behaviour.afterChunks);
      return [...paced(before), write(`data: ${notJson}\n\n`), ...wholeSteps(after)];
    }
    case "invalid_json_body":
      return [write(`data: ${notJson}\n\n`)];
    case "huge_line":
      return [...paced(opening), write(contentEvent("x".repeat(behaviour.bytes))), ...wholeSteps(rest)];
    case "endless_body":
      return endless(paced(opening), contentEvent("and so on "));
    default:
      return paced(events);
  }
}

/**
 * The opening and the first `count` content events, and all that follows. Finish events are never among the
 * first.
 */
function splitAfter(
  events: readonly StreamEvent[],
  count: number,
): readonly [readonly StreamEvent[], readonly StreamEvent[]] {
  let seen = 0;
  const at = events.findIndex((event) => {
    if (event.part === "content") seen += 1;
    return seen > count || (event.part !== "content" && event.part !== "opening");
  });
  return at < 0 ? [events, []] : [events.slice(0, at), events.slice(at)];
}

function wholeSteps(events: readonly StreamEvent[]): readonly Step[] {
  return events.map((event) => write(event.text));
}

function pacedSteps(events: readonly StreamEvent[], pace: Pace): readonly Step[] {
  return [
    ...wait(pace.firstTokenMs),
    ...events.flatMap((event) => {
      const pause = event.part === "content" ? wait(pace.tokenDelayMs) : [];
      return [write(event.text), ...pause];
    }),
  ];
}
