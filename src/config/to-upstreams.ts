import type { Secret } from "../domain/config.ts";
import type { ModelConfig, UpstreamConfig } from "../domain/upstream-config.ts";
import type { ModelSection, UpstreamSection } from "./file-shape.ts";
import { createSecret } from "./secret.ts";

export function toUpstream(name: string, upstream: UpstreamSection): UpstreamConfig {
  const { budgets, retry, breaker } = upstream;
  const headers = Object.entries(upstream.headers).map(
    ([header, value]) => [header.toLowerCase(), value] as const,
  );
  return {
    name,
    dialect: upstream.dialect,
    // Nothing is put behind a model server's address, and its last slash may count.
    baseUrl: upstream.dialect === "json" ? upstream.base_url : upstream.base_url.replace(/\/+$/, ""),
    apiKey: toSecret(upstream.api_key),
    withoutKey: upstream.without_key,
    provider: upstream.provider,
    maxConcurrent: upstream.max_concurrent,
    maxResponseBytes: upstream.max_response_bytes,
    canReachPrivate: upstream.private_network,
    sendBaggage: upstream.send_baggage,
    headers: Object.fromEntries(headers),
    budgets: {
      connectMs: budgets.connect_ms,
      firstTokenMs: budgets.first_token_ms,
      headMs: budgets.head_ms,
      stallMs: budgets.stall_ms,
    },
    retry: {
      maxAttempts: retry.max_attempts,
      baseMs: retry.base_ms,
      maxMs: retry.max_ms,
      maxRetryAfterMs: retry.max_retry_after_ms,
      budgetRatio: retry.budget_ratio,
      budgetPerSecond: retry.budget_per_second,
    },
    breaker: {
      failureRatio: breaker.failure_ratio,
      minimumCalls: breaker.minimum_calls,
      windowMs: breaker.window_ms,
      openMs: breaker.open_ms,
    },
  };
}

export function toModel(name: string, model: ModelSection, defaultUpstream: string): ModelConfig {
  const { price } = model;
  return {
    upstream: model.upstream ?? defaultUpstream,
    upstreamModel: model.model ?? name,
    price: price && {
      inputPerMillion: price.input_per_million,
      cachedInputPerMillion: price.cached_input_per_million,
      outputPerMillion: price.output_per_million,
    },
  };
}

export function toSecret(text: string | undefined): Secret | undefined {
  return text === undefined || text === "" ? undefined : createSecret(text);
}
