import assert from "node:assert/strict";
import type { SinkSpan } from "../support/otlp-decode.ts";
import type { ObservedApp } from "./observed-app.ts";

/** One experiment for each way that a request may go. */
export const config = (upstreamUrl: string) => `
upstreams:
  test:
    base_url: ${upstreamUrl}
    retry: { max_attempts: 2, base_ms: 1, max_ms: 2 }
experiments:
  tone: { match: { models: [tone] }, ${variants()} }
  rescued: { match: { models: [rescued] }, ${variants()}, fallback: [{ model: gpt-4.1-nano }, { answer: "later" }] }
  killed: { match: { models: [killed] }, ${variants()} }
  mended: { match: { models: [mended] }, ${variants()}, output: { ${schema}, on_invalid: repair } }
  refused: { match: { models: [refused] }, ${variants()}, output: { ${schema}, on_invalid: error } }
  unpriced: { match: { models: [unpriced] }, variants: { control: { model: nobody-knows-it } } }
`;
const schema =
  "schema: { title: verdict, type: object, required: [good], properties: { good: { type: boolean } } }";

/** Everybody is in the candidate, so that a trace does not hang on a user's name. */
function variants(): string {
  return `variants: {
    control: { weight: 0, model: gpt-4.1-mini, prompt: reply@v1 },
    candidate: { weight: 1, model: gpt-4.1, prompt: reply@v2 } }`;
}

export const alice = { "x-assay-user": "alice-7Qx" };

export interface GoldenTrace {
  readonly status: number;
  readonly tree: readonly string[];
  readonly spans: readonly SinkSpan[];
  readonly server: SinkSpan;
  readonly attempts: readonly SinkSpan[];
  /** The spans of this kind whose name contains the text. */
  only(kind: SinkSpan["kind"], name?: string): readonly SinkSpan[];
}

/** Sends one chat request, and waits for its whole trace. */
export async function tracedBy(
  app: ObservedApp,
  body: unknown,
  headers: Record<string, string>,
): Promise<GoldenTrace> {
  const response = await app.chat(body, headers);
  await response.text();
  return traceOf(app, response.headers.get("x-trace-id") ?? "", response.status);
}

export async function traceOf(app: ObservedApp, traceId: string, status: number): Promise<GoldenTrace> {
  const tree = await app.sink.tree(traceId);
  const spans = await app.sink.trace(traceId);
  const only = (kind: SinkSpan["kind"], name = "") =>
    spans.filter((span) => span.kind === kind && span.name.includes(name));
  const [server] = only("SERVER");
  assert.ok(server);
  return { status, tree, spans, server, attempts: only("CLIENT"), only };
}

export function assertHas(span: SinkSpan | undefined, expected: Readonly<Record<string, unknown>>): void {
  assert.ok(span);
  const actual = Object.fromEntries(Object.keys(expected).map((name) => [name, span.attributes[name]]));
  assert.deepEqual(actual, expected);
}
