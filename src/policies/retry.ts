import { backoffMs } from "../core/retry-after.ts";
import { RetryBudget } from "../core/retry-budget.ts";
import type { RenderedRequest, RequestContext } from "../domain/chat.ts";
import { asFailure, type Failure } from "../domain/failure.ts";
import type { RetryConfig } from "../domain/upstream-config.ts";
import type { Policy } from "../pipeline/service.ts";

export interface RetryParts {
  readonly configOf: (upstream: string) => RetryConfig;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Uniform on [0, 1). */
  readonly random: () => number;
}

/** Asks the same target again, where that may help, is allowed by the budget, and fits before the deadline. */
export function retry(parts: RetryParts): Policy<RenderedRequest> {
  const budgets = new Map<string, { readonly budget: RetryBudget; readonly config: RetryConfig }>();
  const budgetOf = (upstream: string, config: RetryConfig): RetryBudget => {
    const known = budgets.get(upstream);
    // A reload brings a new configuration, and a new budget with it.
    if (known?.config === config) return known.budget;
    const { budgetRatio: ratio, budgetPerSecond: perSecond } = config;
    const budget = new RetryBudget({ ratio, perSecond }, parts.now());
    budgets.set(upstream, { budget, config });
    return budget;
  };

  return (next) => async (request, context) => {
    const config = parts.configOf(request.target.upstream);
    const budget = budgetOf(request.target.upstream, config);
    budget.deposit(parts.now());
    let attempt = request;
    let wasReset = false;
    for (let retries = 0; ; retries++) {
      try {
        return await next(attempt, context);
      } catch (thrown) {
        const failure = asFailure(thrown);
        const isSecondReset = wasReset && failure.code === "upstream_reset";
        wasReset ||= failure.code === "upstream_reset";
        const mayRetry = failure.rule.canRetry && !isSecondReset && retries + 1 < config.maxAttempts;
        if (!mayRetry || context.controller.signal.aborted) throw failure;
        const wait = waitFor(failure, config, { retries, random: parts.random() });
        const isInTime = parts.now() + wait < context.state.deadlineAt;
        if (wait > config.maxRetryAfterMs || !isInTime || !budget.withdraw(parts.now())) throw failure;
        await pause(wait, context);
        attempt = { ...request, attemptReason: "retry", backoffMs: wait };
      }
    }
  };
}

/** The upstream's own word before ours. A keep-alive race is nobody's overload: again at once. */
function waitFor(failure: Failure, config: RetryConfig, dice: { retries: number; random: number }): number {
  if (failure.details.retryAfterMs !== undefined) return failure.details.retryAfterMs;
  if (failure.code === "upstream_reset") return 0;
  return backoffMs(dice.retries, config, dice.random);
}

/** Rejects at once when the request is given up in the meantime. */
function pause(milliseconds: number, context: RequestContext): Promise<void> {
  const { signal } = context.controller;
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      clearTimeout(timer);
      reject(asFailure(signal.reason));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", giveUp, { once: true });
  });
}
