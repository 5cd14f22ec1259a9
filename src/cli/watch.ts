/** The same question again and again, on a screen or as lines. */
import { asFailure, Failure } from "../domain/failure.ts";
import type { ExitCode, Io } from "./command.ts";

export interface Look {
  /** What Ctrl-C ends with while this is the last look. */
  readonly exitCode: ExitCode;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly isJson: boolean;
  /** There will be nothing more to see. */
  readonly isLast?: boolean;
  readonly text: string;
}

/** The first look must succeed; after it a server that is away for a while is waited for. */
export async function watch(read: () => Promise<Look>, everyMs: number, io: Io): Promise<ExitCode> {
  const show = (shown: Look) => io.out(`${io.isOutTerminal ? clearScreen : headOf(shown)}${shown.text}`);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  let last = await read();
  show(last);
  process.once("SIGINT", onSignal);
  try {
    while (last.isLast !== true && (await isWaited(everyMs, stop.signal))) {
      const next = await read().catch((thrown: unknown) => unanswered(thrown));
      if (typeof next === "object") last = next;
      // Errors would push the report off the screen, one after the other: it stands above the newest of them.
      if (typeof next === "object" || io.isOutTerminal) show(last);
      if (typeof next === "string") io.err(next);
    }
  } finally {
    process.removeListener("SIGINT", onSignal);
  }
  return last.exitCode;
}

/** Resolves true after the time, and false at once when the signal comes first. */
function isWaited(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/** What separates one report from the next in a file or a pipe; JSON has a line of its own for each already. */
function headOf({ at, isJson }: Look): string {
  return isJson ? "" : `=== ${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC\n`;
}

const clearScreen = "\x1b[H\x1b[2J\x1b[3J";

function unanswered(thrown: unknown): string {
  const failure = asFailure(thrown);
  if (failure.code === "internal_error") throw thrown;
  return `${failure.message}\n`;
}

/** 5 where the option stands without a value; undefined without the option. */
export function watchSeconds(text: string | undefined, option = "--watch"): number | undefined {
  if (text === undefined) return undefined;
  const seconds = text === "" ? 5 : Number(text);
  if (seconds >= 1 && seconds <= 86_400) return seconds;
  throw new Failure("invalid_value", `${option} must be 1 to 86400 seconds; it was "${text}".`);
}
