import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runBurst } from "./burst.ts";
import { setStage } from "./candidates.ts";
import type { Started } from "./processes.ts";

const load = { scenario: "plain", connections: 16, settleMs: 300 } as const;
const warm = 2500;
const count = 1500;
const rounds = 3;

/**
 * CPU for a request, untraced, as a multiple of the bare relay's in the same minutes: the least of each, for whatever else
 * the machine does only adds. Still no exact figure: caches and clocks are shared.
 */
export async function cpuToRelay(): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), "assay-cpu-"));
  const processes: Started[] = [];
  try {
    const stage = await setStage({
      scenario: "plain",
      names: ["assay-untraced", "relay"],
      chunkIntervalMs: 10,
      folder,
      own: (started) => void processes.push(started),
    });
    const least = new Map<string, number>();
    for (let round = 0; round <= rounds; round++) {
      for (const candidate of stage.candidates) {
        const { cpuUs } = await runBurst(candidate, { ...load, count: round === 0 ? warm : count });
        if (round > 0) least.set(candidate.name, Math.min(cpuUs, least.get(candidate.name) ?? Infinity));
      }
    }
    return (least.get("assay-untraced") ?? Number.NaN) / (least.get("relay") ?? Number.NaN);
  } finally {
    await Promise.all(processes.toReversed().map((started) => started.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}
