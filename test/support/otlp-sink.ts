/** An OTLP collector for tests: takes protobuf over HTTP and gives what it got as plain objects. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { logsIn, pointsIn, type SinkLog, type SinkPoint, type SinkSpan, spansIn } from "./otlp-decode.ts";

export interface OtlpSink {
  /** What goes into OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly SinkSpan[];
  readonly logs: readonly SinkLog[];
  /** The points of each export, latest export last. */
  readonly exports: readonly (readonly SinkPoint[])[];
  readonly contentTypes: ReadonlySet<string>;
  /** Every byte of every body, as they came (inflated). */
  bytes(): Buffer;
  /** The spans of a trace, in the order of their arrival, once its SERVER span is here. */
  trace(traceId: string): Promise<readonly SinkSpan[]>;
  /** One line for each span, children below their parent: `CLIENT chat gpt-4.1 ERROR`. */
  tree(traceId: string): Promise<readonly string[]>;
  /** Resolves when the condition holds; it is asked again at each arrival. Rejects after five seconds. */
  until(holds: () => boolean, what: string): Promise<void>;
  close(): Promise<void>;
}

export async function startOtlpSink(): Promise<OtlpSink> {
  const spans: SinkSpan[] = [];
  const logs: SinkLog[] = [];
  const exports: SinkPoint[][] = [];
  const contentTypes = new Set<string>();
  const bodies: Buffer[] = [];
  const waiting = new Set<() => void>();
  const take: Record<string, (body: Buffer) => void> = {
    "/v1/traces": (body) => spans.push(...spansIn(body)),
    "/v1/logs": (body) => logs.push(...logsIn(body)),
    "/v1/metrics": (body) => exports.push(pointsIn(body)),
  };
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    bodies.push(body);
    contentTypes.add(request.headers["content-type"] ?? "");
    take[request.url ?? ""]?.(body);
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    for (const ask of waiting) ask();
  });
  const until = (holds: () => boolean, what: string) => untilHolds(waiting, holds, what);
  const trace = async (traceId: string) => {
    const found = () => spans.filter((span) => span.traceId === traceId);
    await until(() => found().some(({ kind }) => kind === "SERVER"), `the SERVER span of ${traceId}`);
    return found();
  };
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    spans,
    logs,
    exports,
    contentTypes,
    bytes: () => Buffer.concat(bodies),
    trace,
    tree: async (traceId) => outline(await trace(traceId)),
    until,
    close: () => closed(server),
  };
}

function untilHolds(waiting: Set<() => void>, holds: () => boolean, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (act: () => void) => {
      clearTimeout(timer);
      waiting.delete(ask);
      act();
    };
    const ask = () => {
      if (holds()) end(resolve);
    };
    const timer = setTimeout(() => end(() => reject(new Error(`${what} did not come`))), 5000);
    waiting.add(ask);
    ask();
  });
}

/** Children in the order of their end, which is the order in which a request's spans are exported. */
function outline(spans: readonly SinkSpan[]): readonly string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const below = (parentId: string, depth: number): string[] =>
    spans.filter((span) => span.parentId === parentId).flatMap((span) => lines(span, depth));
  const lines = (span: SinkSpan, depth: number): string[] => {
    const status = span.status === "UNSET" ? "" : ` ${span.status}`;
    return [`${"  ".repeat(depth)}${span.kind} ${span.name}${status}`, ...below(span.spanId, depth + 1)];
  };
  return spans.filter(({ parentId }) => !ids.has(parentId)).flatMap((root) => lines(root, 0));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    // A TCP listener's address is always an object; only pipes have a string.
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
