import type { Check } from "./answers.ts";
import { type RequestShape, requestBodies } from "./messages.ts";

/** What a candidate wants to be asked, where that is not what everybody is asked. */
export interface Target {
  readonly path?: string | undefined;
  readonly model?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly check?: Check;
  /** The upstream's own: every request is sent there too, just before. */
  readonly directPort?: number | undefined;
  /** No request begins later than this. */
  readonly mostMs?: number;
}

/** Reads what the runner wrote on the command line. */
export function parseTarget(
  json: string | undefined,
): Target & { readonly check: Check; readonly mostMs: number } {
  // Parse boundary: the other side is burst.ts, or nobody.
  const target = JSON.parse(json ?? "{}") as Target;
  return { check: "bytes", mostMs: Number.POSITIVE_INFINITY, ...target };
}

/** Whole requests, ready to be written. */
export function frames(shape: RequestShape, port: number, target: Target): readonly Buffer[] {
  const { path = "/v1/chat/completions", model = "bench", headers = {} } = target;
  return requestBodies(shape, model).map((body) => {
    const head = [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      "content-type: application/json",
      "accept: application/json",
      "authorization: Bearer bench",
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      `content-length: ${body.length}`,
    ];
    return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
  });
}
