/** What the command line asks for, checked. */
import type { Interval } from "../domain/estimate.ts";
import { Failure } from "../domain/failure.ts";
import type { Arguments } from "./command.ts";
import { numberOption } from "./number-option.ts";
import type { Population } from "./simulate-population.ts";

export const simulationOptions = {
  users: { type: "string", value: "N", description: "users, or organisations (default: 300)" },
  "requests-per-user": {
    type: "string",
    value: "N",
    description: "their mean number of requests (default: 11)",
  },
  "requests-per-session": {
    type: "string",
    value: "N",
    description: "requests one after the other (default: 4)",
  },
  icc: {
    type: "string",
    value: "X",
    description: "how alike the outcomes of one unit are, 0 to 0.95 (default: 0.3)",
  },
  effect: {
    type: "string",
    value: "M=+X",
    description: "true effects: resolved=+0.05,csat=-0.2; of one variant: candidate/csat=0.1 (default: none)",
  },
  mean: { type: "string", value: "M=X", description: "the control's means: resolved=0.6,csat=3.9" },
  "outcome-rate": {
    type: "string",
    value: "X",
    description: "share of the answers that get an outcome (default: 0.3)",
  },
  faults: { type: "string", value: "X", description: "share of requests that meet a fault (default: 0.02)" },
  stream: { type: "string", value: "X", description: "share of requests that stream (default: 0.3)" },
  abandon: {
    type: "string",
    value: "X",
    description: "share of requests that the client gives up (default: 0.01)",
  },
  concurrency: { type: "string", value: "N", description: "sessions at once (default: 32)" },
  rate: { type: "string", value: "N", description: "at most so many requests a second" },
  "think-ms": {
    type: "string",
    value: "MS",
    description: "mean time between two requests of a session (default: 0)",
  },
  duration: { type: "string", value: "SECONDS", description: "end after this time, whoever is left" },
  seed: { type: "string", value: "N", description: "other users, values and order (default: 1)" },
  input: { type: "string", value: "FILE", description: "questions, or inputs of the model, as JSON lines" },
} as const;

export interface SimulationOptions extends Population {
  readonly icc: number;
  readonly effects: readonly Setting[];
  readonly means: readonly Setting[];
  readonly outcomeRate: number;
  readonly faults: number;
  readonly stream: number;
  readonly abandon: number;
  readonly concurrency: number;
  /** Requests a second; undefined for as fast as they are answered. */
  readonly rate: number | undefined;
  readonly thinkMs: number;
  readonly durationMs: number | undefined;
}

/** A number set for a metric, of one variant or of all that it may be of. */
export interface Setting {
  readonly variantId: string | undefined;
  readonly metric: string;
  readonly value: number;
}

/** Throws `invalid_value`, which names the option and what it takes. */
export function readSimulationOptions(args: Arguments): SimulationOptions {
  const number = (name: string, low: number, high: number) => numberOption(args, name, { low, high });
  const share = (name: string) => number(name, 0, 1);
  const seconds = number("duration", 0.1, 1e7);
  return {
    seed: wholeOption(args, "seed", { low: 0, high: 2 ** 32 - 1 }) ?? 1,
    users: wholeOption(args, "users", { low: 1, high: 1_000_000 }) ?? 300,
    requestsPerUser: number("requests-per-user", 1, 1000) ?? 11,
    requestsPerSession: number("requests-per-session", 1, 1000) ?? 4,
    icc: number("icc", 0, 0.95) ?? 0.3,
    effects: settingsOf("effect", args.text("effect")),
    means: settingsOf("mean", args.text("mean")),
    outcomeRate: share("outcome-rate") ?? 0.3,
    faults: share("faults") ?? 0.02,
    stream: share("stream") ?? 0.3,
    abandon: share("abandon") ?? 0.01,
    concurrency: wholeOption(args, "concurrency", { low: 1, high: 1000 }) ?? 32,
    rate: number("rate", 0.01, 1e6),
    thinkMs: number("think-ms", 0, 3_600_000) ?? 0,
    durationMs: seconds === undefined ? undefined : seconds * 1000,
  };
}

function wholeOption(args: Arguments, name: string, bounds: Interval): number | undefined {
  const number = numberOption(args, name, bounds);
  if (number === undefined || Number.isInteger(number)) return number;
  throw new Failure("invalid_value", `--${name} must be a whole number; it was "${args.text(name)}".`);
}

/** `resolved=+0.05,candidate/csat=-0.2`. */
function settingsOf(option: string, text: string | undefined): readonly Setting[] {
  if (text === undefined) return [];
  return text.split(",").map((part) => {
    const [, variantId, metric, number] = /^\s*(?:([^/=\s]+)\/)?([^/=\s]+)\s*=\s*(\S+)\s*$/.exec(part) ?? [];
    const value = Number(number);
    if (metric !== undefined && Number.isFinite(value)) return { variantId, metric, value };
    const example = option === "mean" ? "resolved=0.6,csat=3.9" : "resolved=+0.05,candidate/csat=-0.2";
    throw new Failure("invalid_value", `--${option} must look like ${example}; it was "${text}".`);
  });
}
