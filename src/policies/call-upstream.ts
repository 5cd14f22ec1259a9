import type { AttemptRequest, Upstream } from "../domain/chat.ts";
import type { Service } from "../pipeline/service.ts";

/** The end of the line: one attempt at one upstream. `baggage` goes only where the configuration sends it. */
export function callUpstream(upstreamOf: (name: string) => Upstream): Service<AttemptRequest> {
  return async (request, context) => {
    const upstream = upstreamOf(request.target.upstream);
    const { traceHeaders, headers } = request;
    const { baggage } = headers;
    const streamMode = request.experiment?.output.streamMode ?? "passthrough";
    const { telemetry, store } = context.revision.config;
    const isKept = telemetry.content !== "off" || store.content !== "off";
    return upstream.attempt({
      body: request.outgoing,
      isStream: request.body.isStream,
      hidesUsage: request.hidesUsage,
      choices: request.choices,
      collects: streamMode !== "passthrough" || isKept,
      predictionPath: request.experiment?.predict?.predictionPath,
      headers: upstream.sendsBaggage && baggage !== undefined ? { ...traceHeaders, baggage } : traceHeaders,
      signal: context.controller.signal,
    });
  };
}
