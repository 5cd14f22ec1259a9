/** The OpenAI wire dialect over HTTP/1.1: whole answers, streams with a commit point, and plain forwarding. */
import type { Answer, ForwardAnswer, ForwardCall, Upstream } from "../domain/chat.ts";
import type { UpstreamConfig } from "../domain/upstream-config.ts";
import { createCaller } from "./caller.ts";
import { ForwardReceiver } from "./forward-receiver.ts";
import { StreamReceiver } from "./stream-receiver.ts";
import { WholeReceiver } from "./whole-receiver.ts";

/** An upstream of this configuration at `baseUrl`, which is the configured one or the scripted upstream's. */
export function createOpenAiUpstream(config: UpstreamConfig, baseUrl: string): Upstream {
  const url = new URL(baseUrl);
  const basePath = url.pathname.replace(/\/$/, "");
  const { serverAddress, serverPort, send, close } = createCaller(config, url);

  return {
    name: config.name,
    provider: config.provider,
    sendsBaggage: config.sendBaggage,
    serverAddress,
    serverPort,

    attempt: (call) =>
      new Promise<Answer>((resolve, reject) => {
        const settle = { resolve, reject, upstreamName: config.name };
        const request = {
          method: "POST",
          path: `${basePath}/chat/completions`,
          body: call.body,
          awaitsContent: call.isStream,
          maxResponseBytes: config.maxResponseBytes,
        };
        send(
          { ...call, headers: { "content-type": "application/json", ...call.headers } },
          request,
          (exchange) =>
            call.isStream ? new StreamReceiver(call, exchange, settle) : new WholeReceiver(settle),
        );
      }),

    forward: (call: ForwardCall) =>
      new Promise<ForwardAnswer>((resolve, reject) => {
        // Forwarded bytes are never kept, so their number needs no limit.
        const request = {
          method: call.method,
          path: basePath + call.path,
          body: call.body,
          awaitsContent: false,
          maxResponseBytes: Number.POSITIVE_INFINITY,
        };
        send(
          call,
          request,
          (exchange) => new ForwardReceiver(exchange, { resolve, reject, upstreamName: config.name }),
        );
      }),

    close,
  };
}
