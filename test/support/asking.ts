/** A way to ask upstreams as guardrails do: real upstreams of a configuration, and everything around them to look at. */
import type { TokenUsage } from "../../src/domain/chat.ts";
import type { CheckParts } from "../../src/domain/guardrail.ts";
import { type AskTarget, createAsk } from "../../src/policies/ask-upstream.ts";
import { BreakerBoard } from "../../src/policies/breaker.ts";
import { Permits } from "../../src/policies/concurrency.ts";
import { UpstreamSet } from "../../src/upstreams/upstream-set.ts";
import { configOf } from "../config/config-fixture.ts";

export interface Asking {
  readonly ask: CheckParts["ask"];
  readonly breakers: BreakerBoard;
  readonly permits: Permits;
  readonly upstreams: UpstreamSet;
  readonly usages: readonly (AskTarget & { readonly usage: TokenUsage })[];
  close(): Promise<void>;
}

export const secretKey = "sk-test-of-the-guardrail";

/** `main` and `other`, both at `url`, with keys of their own; `main` is the default. */
export async function askingAt(
  url: string,
  { main = "", models = "" }: { readonly main?: string; readonly models?: string } = {},
): Promise<Asking> {
  const text = `upstreams:
  main: { base_url: "${url}", api_key: "\${KEY}"${main} }
  other: { base_url: "${url}", api_key: "\${OTHER}" }
${models}`;
  const config = configOf(text, { env: { KEY: secretKey, OTHER: `${secretKey}-other` } });
  const upstreams = new UpstreamSet(() => Promise.reject(new Error("nothing is scripted here")));
  (await upstreams.prepare(config))();
  const breakers = new BreakerBoard(() => performance.now());
  const permits = new Permits((name) => upstreams.configOf(name).maxConcurrent);
  const usages: (AskTarget & { readonly usage: TokenUsage })[] = [];
  return {
    breakers,
    permits,
    upstreams,
    usages,
    ask: createAsk({
      config: () => config,
      upstreamOf: (name) => upstreams.of(name),
      configOf: (name) => upstreams.configOf(name),
      breakers,
      permits,
      onUsage: (facts) => usages.push(facts),
    }),
    async close() {
      breakers.shutdown();
      await upstreams.close();
    },
  };
}
