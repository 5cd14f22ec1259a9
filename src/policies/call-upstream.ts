import type { AttemptRequest, Upstream } from "../domain/chat.ts";
import type { Service } from "../pipeline/service.ts";

/** The end of the line: one attempt at one upstream. `baggage` goes only where the configuration sends it. */
export function callUpstream(upstreamOf: (name: string) => Upstream): Service<AttemptRequest> {
  return (request, context) => {
    const { name, sendsBaggage } = upstreamConfig(request, context.revision.config.upstreams);
    const { baggage } = request.headers;
    const output = request.experiment?.output;
    return upstreamOf(name).attempt({
      body: request.outgoing,
      isStream: request.body.isStream,
      hidesUsage: request.hidesUsage,
      choices: request.choices,
      collects: output?.streamMode === "buffer" || output?.streamMode === "validate_at_end",
      headers:
        sendsBaggage && baggage !== undefined ? { ...request.traceHeaders, baggage } : request.traceHeaders,
      signal: context.controller.signal,
    });
  };
}

function upstreamConfig(
  request: AttemptRequest,
  upstreams: Readonly<Record<string, { readonly sendBaggage: boolean }>>,
): { name: string; sendsBaggage: boolean } {
  const name = request.target.upstream;
  return { name, sendsBaggage: upstreams[name]?.sendBaggage === true };
}
