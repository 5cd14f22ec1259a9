/** Sends one simulated request and says what came of it. */
import { isObject } from "../core/chat-completion.ts";
import { valueAt } from "../core/json-pointer.ts";
import type { SimulatedRequest } from "./simulate-request.ts";

export interface Reply {
  /** `answered` by a 2xx that was whole; `refused` by another status; `cut` in the middle; `unreachable`: no answer at all. */
  readonly result: "answered" | "refused" | "cut" | "abandoned" | "unreachable";
  readonly status: number | undefined;
  /** Of the failure: the proxy's, or the connection's. */
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  /** Of the answer's headers: who was assigned, where the reason is `split`. */
  readonly variantId: string | undefined;
  readonly assignment: string | undefined;
  readonly isRetried: boolean;
  readonly latencyMs: number;
  /** What a model server predicted; undefined for chat. */
  readonly prediction: unknown;
}

export interface ClientParts {
  /** The proxy's, without `/v1`. */
  readonly base: string;
  /** Headers that let it in. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** JSON Pointer to the prediction in an answer; undefined for chat. */
  readonly predictionPath: string | undefined;
}

/** Never rejects: what goes wrong is a result. */
export async function send(request: SimulatedRequest, parts: ClientParts): Promise<Reply> {
  const startedAt = parts.now();
  const patience = new AbortController();
  const { abandonAfterMs } = request;
  const timer = abandonAfterMs === undefined ? undefined : setTimeout(() => patience.abort(), abandonAfterMs);
  let head: Head | undefined;
  const end = (result: Reply["result"], more: Partial<Reply> = {}): Reply => ({
    result,
    code: undefined,
    prediction: undefined,
    ...(head ?? noHead),
    latencyMs: parts.now() - startedAt,
    ...more,
  });
  try {
    const { path, headers, body } = request;
    const response = await fetch(parts.base + path, {
      method: "POST",
      headers: { ...headers, ...parts.credentials },
      body,
      redirect: "manual",
      ...(abandonAfterMs === undefined ? {} : { signal: patience.signal }),
    });
    head = headOf(response);
    const text = await response.text();
    if (!response.ok) return end("refused", { code: codeIn(text) });
    if (request.isStream && !text.includes("data: [DONE]")) return end("cut", { code: codeIn(text) });
    return end("answered", { prediction: predictionIn(text, parts.predictionPath) });
  } catch (thrown) {
    if (patience.signal.aborted) return end("abandoned");
    return end(head === undefined ? "unreachable" : "cut", { code: causeOf(thrown) });
  } finally {
    clearTimeout(timer);
  }
}

type Head = Pick<Reply, "status" | "requestId" | "variantId" | "assignment" | "isRetried">;

const noHead: Head = {
  status: undefined,
  requestId: undefined,
  variantId: undefined,
  assignment: undefined,
  isRetried: false,
};

function headOf({ status, headers }: Response): Head {
  const header = (name: string) => headers.get(name) ?? undefined;
  return {
    status,
    requestId: header("x-request-id"),
    variantId: header("x-assay-variant"),
    assignment: header("x-assay-assignment"),
    isRetried: Number(header("x-assay-attempts") ?? 1) > 1,
  };
}

/** `error.code` of an answer, or of the last event of a stream. */
function codeIn(text: string): string | undefined {
  const at = text.startsWith("{") ? 0 : text.lastIndexOf("data: {") + "data: ".length;
  const body = parsed(text.slice(at).split("\n\n")[0] ?? "");
  const error = isObject(body) ? body.error : undefined;
  return isObject(error) && typeof error.code === "string" ? error.code : undefined;
}

function predictionIn(text: string, path: string | undefined): unknown {
  return path === undefined ? undefined : valueAt(parsed(text), path);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `ECONNREFUSED` and its like, which fetch puts beneath its own error. */
export function causeOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : String(cause);
}
