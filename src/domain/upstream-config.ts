/** Upstreams and models as the configuration has them. */
import type { Secret } from "./config.ts";

export interface UpstreamConfig {
  readonly name: string;
  /** A key of the upstream registry: the wire dialect. */
  readonly dialect: string;
  readonly baseUrl: string;
  readonly apiKey: Secret | undefined;
  /** What an upstream without a key is: `scripted` plays the API on this machine; `open` needs none. */
  readonly withoutKey: "scripted" | "open";
  /** `gen_ai.provider.name`. */
  readonly provider: string;
  /** Open HTTP connections, and with it calls in flight; beyond it: 503 at once. */
  readonly maxConcurrent: number;
  readonly maxResponseBytes: number;
  /** Whether its name may resolve to loopback or to a private network; an address that is written out always may. */
  readonly canReachPrivate: boolean;
  /** `baggage` is sent on only where this says so. */
  readonly sendBaggage: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly budgets: PhaseBudgets;
  readonly retry: RetryConfig;
  readonly breaker: BreakerConfig;
}

/** How long each phase of one attempt may take. */
export interface PhaseBudgets {
  readonly connectMs: number;
  /** From sending to the first content, streams only. */
  readonly firstTokenMs: number;
  /** From sending to the head of an answer that is not streamed: it comes when the model has said everything. */
  readonly headMs: number;
  /** The longest silence once the answer has begun. */
  readonly stallMs: number;
}

export interface RetryConfig {
  /** Attempts at one target, the first included. */
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly maxMs: number;
  /** The longest `retry-after` that is waited for; a longer one falls back. */
  readonly maxRetryAfterMs: number;
  /** Retries allowed as a share of requests, and as a floor for each second. */
  readonly budgetRatio: number;
  readonly budgetPerSecond: number;
}

export interface BreakerConfig {
  /** Opens when strictly more than this share of the window fails. */
  readonly failureRatio: number;
  /** Calls in the window below which it never opens. */
  readonly minimumCalls: number;
  readonly windowMs: number;
  /** How long it stays open before one probe is let through. */
  readonly openMs: number;
}

export interface ModelConfig {
  readonly upstream: string;
  /** The upstream's own name for it. */
  readonly upstreamModel: string;
  readonly price: ModelPrice | undefined;
}

/** Dollars for a million tokens. */
export interface ModelPrice {
  readonly inputPerMillion: number;
  readonly cachedInputPerMillion: number | undefined;
  readonly outputPerMillion: number;
}
