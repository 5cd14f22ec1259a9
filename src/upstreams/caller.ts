/** What every dialect over HTTP/1.1 shares: a pool of connections, our own headers, and exchanges inside their budgets. */
import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { Pool } from "undici";
import type { UpstreamCall } from "../domain/chat.ts";
import type { UpstreamConfig } from "../domain/upstream-config.ts";
import { Exchange, type Receiver } from "./exchange.ts";
import { guardedLookup } from "./guarded-lookup.ts";

const spareConnections = 32;

export interface CallerRequest {
  readonly method: string;
  /** Path on the upstream's host, with the query. */
  readonly path: string;
  readonly body: Buffer | NodeJS.ReadableStream | undefined;
  readonly awaitsContent: boolean;
  readonly maxResponseBytes: number;
}

export interface Caller {
  readonly serverAddress: string;
  readonly serverPort: number;
  /** Starts an exchange; the receiver hears of its answer, and may steer it once it has begun. */
  send(
    call: Pick<UpstreamCall, "signal" | "headers">,
    request: CallerRequest,
    receiverOf: (exchange: () => Exchange) => Receiver,
  ): void;
  close(): Promise<void>;
}

/** `lookup` resolves names; what it finds is refused where this upstream may not be. */
export function createCaller(
  config: UpstreamConfig,
  url: URL,
  lookup: LookupFunction = systemLookup,
): Caller {
  const pool = new Pool(url.origin, {
    // Our own permits are the limit. A connection whose stream has just ended may be busy for a moment longer, and a call
    // that waits for it in undici's queue would look like a slow connect.
    connections: config.maxConcurrent + spareConnections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: config.budgets.connectMs, lookup: guardedLookup(config, lookup) },
    keepAliveTimeout: 30_000,
  });
  const ownHeaders = headersOf(config);

  return {
    serverAddress: url.hostname,
    serverPort: Number(url.port) || (url.protocol === "https:" ? 443 : 80),
    send(call, request, receiverOf) {
      // The receiver must steer the exchange, and the exchange must know its receiver.
      const exchange: Exchange = new Exchange(
        {
          dispatcher: pool,
          request: {
            method: request.method as "POST",
            path: request.path,
            headers: { ...call.headers, ...ownHeaders },
            // undici's types name Readable; every readable stream of node's http is one.
            body: (request.body ?? null) as Buffer | null,
          },
          upstreamName: config.name,
          budgets: config.budgets,
          awaitsContent: request.awaitsContent,
          maxResponseBytes: request.maxResponseBytes,
          signal: call.signal,
        },
        receiverOf(() => exchange),
      );
      exchange.start();
    },
    close: () => pool.close(),
  };
}

/** What stands on every call. It wins over the call's own: a key of the client's never reaches the upstream. */
function headersOf({ headers, apiKey }: UpstreamConfig): Readonly<Record<string, string>> {
  const own = { "accept-encoding": "identity", ...headers };
  return apiKey === undefined ? own : { ...own, authorization: `Bearer ${apiKey.reveal()}` };
}
