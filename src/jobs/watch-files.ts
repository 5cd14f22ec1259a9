/** Tells when files have changed, by asking: notifications miss bind mounts, renames and network disks. */
import { statSync } from "node:fs";

export interface FileWatch {
  stop(): void;
}

/** `files` is asked anew each time, for a change may add some. Calls `changed` once for each new state of the disk. */
export function watchFiles(parts: {
  readonly files: () => readonly string[];
  readonly everyMs: number;
  readonly changed: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}): FileWatch {
  let seen = signature(parts.files());
  let isBusy = false;
  const timer = setInterval(async () => {
    const now = signature(parts.files());
    if (now === seen || isBusy) return;
    isBusy = true;
    seen = now;
    try {
      await parts.changed();
    } catch (error) {
      parts.failed(error);
    } finally {
      isBusy = false;
    }
    // The reload may have found other files; those count from now on.
    const after = signature(parts.files());
    if (files(after) !== files(seen)) seen = after;
  }, parts.everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function signature(paths: readonly string[]): string {
  return paths.map((path) => `${path}\0${stateOf(path)}`).join("\n");
}

function files(signed: string): string {
  return signed
    .split("\n")
    .map((line) => line.split("\0")[0])
    .join("\n");
}

function stateOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "absent" : `${stats.mtimeMs}:${stats.size}:${stats.ino}`;
}
