/** When an upstream says to come back, and how long to wait where it does not. */

/**
 * Milliseconds to wait, by the headers of a refusal; undefined when they do not say.
 * `retry-after-ms` before `retry-after` (RFC 9110, 10.2.3: seconds or a date) before `x-ratelimit-reset-*` (`6m0s`, `20ms`).
 */
export function retryAfterMs(headers: RetryHeaders, now: number): number | undefined {
  const told = toldMs(headers, now);
  // What an upstream writes may be beyond what a number can hold, and goes on to the client.
  return told === undefined ? undefined : Math.min(told, longestMs);
}

type RetryHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A year. */
const longestMs = 366 * 86_400_000;

function toldMs(headers: RetryHeaders, now: number): number | undefined {
  const milliseconds = number(headers["retry-after-ms"]);
  if (milliseconds !== undefined) return milliseconds;
  const after = first(headers["retry-after"]);
  if (after !== undefined) {
    const seconds = number(after);
    if (seconds !== undefined) return seconds * 1000;
    const date = Date.parse(after);
    if (!Number.isNaN(date)) return Math.max(0, date - now);
  }
  const resets = ["requests", "tokens"]
    // A limit of which something remains is not why the request was refused.
    .filter((limit) => first(headers[`x-ratelimit-remaining-${limit}`]) === "0")
    .map((limit) => durationMs(first(headers[`x-ratelimit-reset-${limit}`])))
    .filter((value) => value !== undefined);
  return resets.length === 0 ? undefined : Math.max(...resets);
}

/** Full jitter (Brooker 2015): uniform on [0, min(max, base · 2^retries)). `random` is uniform on [0, 1). */
export function backoffMs(
  retries: number,
  limits: { baseMs: number; maxMs: number },
  random: number,
): number {
  return Math.floor(random * Math.min(limits.maxMs, limits.baseMs * 2 ** retries));
}

function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/.exec(text.trim());
  if (match === null || match[0] === "") return undefined;
  const [, hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = match;
  return Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(milliseconds);
}

function number(value: string | string[] | undefined): number | undefined {
  const text = first(value)?.trim();
  if (text === undefined || !/^\d+(\.\d+)?$/.test(text)) return undefined;
  return Number(text);
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
