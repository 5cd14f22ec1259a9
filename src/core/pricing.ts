/** Dollars for tokens, by overrides first and a dated public price table after. */
import { calcPrice } from "@pydantic/genai-prices";
import type { TokenUsage } from "../domain/chat.ts";
import type { ModelPrice } from "../domain/upstream-config.ts";

/** The table that a price came from: the package's version, or the configuration. Read it beside every cost. */
const publicPriceTable = "genai-prices@0.1.8";

export interface Price {
  readonly costUsd: number;
  readonly table: string;
}

export interface Pricing {
  /** Undefined when the price is unknown: unknown is not 0. */
  price(facts: {
    provider: string;
    model: string;
    usage: TokenUsage;
    override: ModelPrice | undefined;
  }): Price | undefined;
}

type Rate = (usage: TokenUsage) => number | undefined;

/** Rates change by date: what was looked up is looked up again after this long. */
const rateAgeMs = 3_600_000;
/** Callers choose model names; the cache must not grow with them. */
const maxRates = 1000;

/** `now` gives epoch milliseconds. A look-up costs 33 µs and a price from the cache under 1 µs (measured). */
export function createPricing(now: () => number): Pricing {
  const rates = new Map<string, { readonly rate: Rate | undefined; readonly at: number }>();
  const rateOf = (provider: string, model: string): Rate | undefined => {
    const key = `${provider}\0${model}`;
    const known = rates.get(key);
    if (known !== undefined && now() - known.at < rateAgeMs) return known.rate;
    if (rates.size >= maxRates) rates.clear();
    const rate = publicRate(provider, model, now());
    rates.set(key, { rate, at: now() });
    return rate;
  };
  return {
    price({ provider, model, usage, override }) {
      if (override !== undefined) return { costUsd: overrideCost(override, usage), table: "config" };
      const costUsd = rateOf(provider, model)?.(usage);
      return costUsd === undefined ? undefined : { costUsd, table: publicPriceTable };
    },
  };
}

/** Cached input is billed at its own rate where it has one. */
function overrideCost(price: ModelPrice, usage: TokenUsage): number {
  return linearCost(usage, {
    input: price.inputPerMillion,
    cached: price.cachedInputPerMillion ?? price.inputPerMillion,
    output: price.outputPerMillion,
  });
}

function publicRate(provider: string, model: string, at: number): Rate | undefined {
  const found = look(provider, model, { input_tokens: 1, output_tokens: 1 }, at);
  if (found === null) return undefined;
  const { input_mtok: input, output_mtok: output, cache_read_mtok: cached } = found.model_price;
  if (typeof input === "number" && typeof output === "number" && typeof cached !== "object") {
    return (usage) => linearCost(usage, { input, cached: cached ?? input, output });
  }
  // Prices in tiers depend on the size of the prompt: the table itself must do the sum.
  return (usage) => look(provider, model, tableUsage(usage), at)?.total_price;
}

function linearCost(
  usage: TokenUsage,
  perMillion: { input: number; cached: number; output: number },
): number {
  const cached = Math.min(usage.cachedInputTokens ?? 0, usage.inputTokens);
  const dollars =
    (usage.inputTokens - cached) * perMillion.input +
    cached * perMillion.cached +
    usage.outputTokens * perMillion.output;
  return dollars / 1_000_000;
}

function tableUsage(usage: TokenUsage): Record<string, number> {
  return {
    input_tokens: usage.inputTokens,
    cache_read_tokens: Math.min(usage.cachedInputTokens ?? 0, usage.inputTokens),
    output_tokens: usage.outputTokens,
  };
}

function look(provider: string, model: string, usage: Record<string, number>, at: number) {
  try {
    return calcPrice(usage, model, { providerId: provider, timestamp: new Date(at) });
  } catch {
    // An unknown provider throws, an unknown model gives null: to us both are an unknown price.
    return null;
  }
}
