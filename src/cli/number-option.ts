import type { Interval } from "../domain/estimate.ts";
import { Failure } from "../domain/failure.ts";
import type { Margin } from "../domain/metric.ts";
import type { Arguments } from "./command.ts";

/** A finite number within the bounds, both allowed; throws `invalid_value`. */
export function numberOption(args: Arguments, name: string, { low, high }: Interval): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const number = numberOf(text);
  if (number !== undefined && number >= low && number <= high) return number;
  const range = high === Number.POSITIVE_INFINITY ? `of at least ${low}` : `from ${low} to ${high}`;
  const bounds = low === Number.NEGATIVE_INFINITY ? "" : ` ${range}`;
  throw new Failure("invalid_value", `--${name} must be a number${bounds}; it was "${text}".`);
}

/** `0.02` is absolute, `5%` a share of the baseline; never 0. */
export function effectOption(args: Arguments, name: string): Margin | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const isRelative = text.endsWith("%");
  const number = numberOf(isRelative ? text.slice(0, -1) : text);
  if (number !== undefined && number !== 0) {
    return isRelative ? { kind: "relative", value: number / 100 } : { kind: "absolute", value: number };
  }
  throw new Failure(
    "invalid_value",
    `--${name} must be a number other than 0, such as 0.02, or a share of the baseline, such as 5%; it was "${text}".`,
  );
}

function numberOf(text: string): number | undefined {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : undefined;
}
