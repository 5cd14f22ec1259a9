/** How far a simulation is, on one line that is written over and over. */
import type { Io } from "./command.ts";
import { counted, countText } from "./quantity.ts";
import { type Screen, screenOf } from "./screen.ts";
import type { PostedCounts } from "./simulate-poster.ts";
import type { Tally } from "./simulate-tally.ts";

export interface ProgressParts {
  readonly io: Io;
  readonly isQuiet: boolean;
  readonly total: number;
  readonly tally: Tally;
  readonly posted: Readonly<PostedCounts>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Begins to show; the function ends it, with a line that stays. */
export function showProgress({ io, isQuiet, ...parts }: ProgressParts): () => void {
  if (isQuiet) return () => {};
  const startedAt = parts.now();
  const screen = screenOf(io.env, io.isErrTerminal);
  const line = () => progressLine({ ...parts, elapsedMs: parts.now() - startedAt }, screen);
  const timer = io.isErrTerminal ? setInterval(() => io.err(`\r${line()}\x1b[K`), everyMs) : undefined;
  return () => {
    clearInterval(timer);
    io.err(io.isErrTerminal ? `\r${line()}\x1b[K\n` : `${line()}\n`);
  };
}

const everyMs = 200;
const barWidth = 20;

interface Progress {
  readonly total: number;
  readonly tally: Pick<Tally, "requests" | "byResult">;
  readonly posted: Readonly<PostedCounts>;
  readonly elapsedMs: number;
}

/** `[█████               ] 1,650 of 3,300 requests, 163/s, 12 failed, 890 outcomes, 10 s left`. */
export function progressLine({ total, tally, posted, elapsedMs }: Progress, screen: Screen): string {
  const { requests, byResult } = tally;
  const share = total === 0 ? 1 : Math.min(1, requests / total);
  const full = Math.round(share * barWidth);
  const [done, open] = screen.isUnicode ? ["█", "░"] : ["#", "."];
  const bar = done.repeat(full) + open.repeat(barWidth - full);
  const perSecond = elapsedMs > 0 ? (requests * 1000) / elapsedMs : 0;
  const failed = byResult.refused + byResult.cut + byResult.unreachable;
  const left = requests > 0 && requests < total ? [secondsText((total - requests) / perSecond, "left")] : [];
  return [
    `[${bar}] ${countText(requests)} of ${counted(total, "request")}`,
    `${countText(perSecond)}/s`,
    `${countText(failed)} failed`,
    counted(posted.stored, "outcome"),
    ...(requests < total ? left : [secondsText(elapsedMs / 1000, "in all")]),
  ].join(", ");
}

function secondsText(seconds: number, what: string): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s ${what}`;
  return `${Math.ceil(seconds / 60)} min ${what}`;
}
