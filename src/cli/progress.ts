import { counted, countText } from "./quantity.ts";
import type { Screen } from "./screen.ts";

export interface Progress {
  /** One more row, of this share of the way (0 to 1). */
  row(share: number): void;
  end(): void;
}

const redrawMs = 100;
const barWidth = 30;

/** A bar with rows and rows a second on a terminal; nothing elsewhere. `now` is in milliseconds, of any origin. */
export function createProgress(parts: {
  readonly screen: Screen;
  readonly isTerminal: boolean;
  readonly err: (text: string) => void;
  readonly now: () => number;
}): Progress {
  const { screen, isTerminal, err, now } = parts;
  if (!isTerminal) return { row: () => {}, end: () => {} };
  const startedAt = now();
  let rows = 0;
  let drawnAt = startedAt;
  const speed = (at: number) =>
    `${counted(rows, "row")}, ${countText((rows * 1000) / Math.max(1, at - startedAt))} rows/s`;
  return {
    row(share) {
      rows++;
      // The clock is asked of every 64th row only.
      if ((rows & 63) !== 0) return;
      const at = now();
      if (at - drawnAt < redrawMs) return;
      drawnAt = at;
      err(`\r${bar(share, screen)} ${Math.floor(clamped(share) * 100)} %  ${speed(at)}\x1b[K`);
    },
    end() {
      err(`\r${speed(now())}\x1b[K\n`);
    },
  };
}

function bar(share: number, { isUnicode }: Screen): string {
  const full = Math.round(clamped(share) * barWidth);
  const [done, open] = isUnicode ? ["█", "░"] : ["#", "."];
  return done.repeat(full) + open.repeat(barWidth - full);
}

function clamped(share: number): number {
  return Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0));
}
