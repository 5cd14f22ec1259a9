/** The OpenAI wire dialect over HTTP/1.1: whole answers, streams with a commit point, and plain forwarding. */
import { Pool } from "undici";
import type { Answer, ForwardAnswer, ForwardCall, Upstream, UpstreamCall } from "../domain/chat.ts";
import type { UpstreamConfig } from "../domain/config.ts";
import { Exchange, type Receiver } from "./exchange.ts";
import { ForwardReceiver } from "./forward-receiver.ts";
import { StreamReceiver } from "./stream-receiver.ts";
import { WholeReceiver } from "./whole-receiver.ts";

const spareConnections = 32;

/** An upstream of this configuration at `baseUrl`, which is the configured one or the scripted upstream's. */
export function createOpenAiUpstream(config: UpstreamConfig, baseUrl: string): Upstream {
  const url = new URL(baseUrl);
  const basePath = url.pathname.replace(/\/$/, "");
  const pool = new Pool(url.origin, {
    // Our own permits are the limit. A connection whose stream has just ended may be busy for a moment longer, and a call
    // that waits for it in undici's queue would look like a slow connect.
    connections: config.maxConcurrent + spareConnections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: config.budgets.connectMs },
    keepAliveTimeout: 30_000,
  });
  const ownHeaders: Record<string, string> = { ...config.headers };
  if (config.apiKey !== undefined) ownHeaders.authorization = `Bearer ${config.apiKey.reveal()}`;

  const open = (
    call: Pick<UpstreamCall, "signal" | "headers">,
    request: {
      method: string;
      path: string;
      body: Buffer | NodeJS.ReadableStream | undefined;
      awaitsContent: boolean;
      maxResponseBytes: number;
    },
    receiverOf: (exchange: () => Exchange) => Receiver,
  ) => {
    // The receiver must steer the exchange, and the exchange must know its receiver.
    const exchange: Exchange = new Exchange(
      {
        dispatcher: pool,
        request: {
          method: request.method as "POST",
          path: basePath + request.path,
          // Ours come last: a key of the client's never reaches the upstream.
          headers: { ...call.headers, "accept-encoding": "identity", ...ownHeaders },
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
  };

  return {
    name: config.name,
    provider: config.provider,
    sendsBaggage: config.sendBaggage,
    serverAddress: url.hostname,
    serverPort: Number(url.port) || (url.protocol === "https:" ? 443 : 80),

    attempt: (call) =>
      new Promise<Answer>((resolve, reject) => {
        const settle = { resolve, reject, upstreamName: config.name };
        const request = {
          method: "POST",
          path: "/chat/completions",
          body: call.body,
          awaitsContent: call.isStream,
          maxResponseBytes: config.maxResponseBytes,
        };
        open(
          { ...call, headers: { "content-type": "application/json", ...call.headers } },
          request,
          (exchange) =>
            call.isStream ? new StreamReceiver(call, exchange, settle) : new WholeReceiver(exchange, settle),
        );
      }),

    forward: (call: ForwardCall) =>
      new Promise<ForwardAnswer>((resolve, reject) => {
        // Forwarded bytes are never kept, so their number needs no limit.
        const { method, path, body } = call;
        const request = {
          method,
          path,
          body,
          awaitsContent: false,
          maxResponseBytes: Number.POSITIVE_INFINITY,
        };
        open(
          call,
          request,
          (exchange) => new ForwardReceiver(exchange, { resolve, reject, upstreamName: config.name }),
        );
      }),

    close: () => pool.close(),
  };
}
