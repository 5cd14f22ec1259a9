import path from "node:path";
import { fileURLToPath } from "node:url";
import { assayCandidates } from "./assay-candidates.ts";
import { goRelay } from "./go-relay.ts";
import { hasNginx, nginxProxy } from "./nginx.ts";
import { peers } from "./peers.ts";
import type { Command } from "./processes.ts";
import type { Target } from "./target.ts";
import { packageVersion, toldVersion } from "./versions.ts";

/** Where a candidate runs, and what beside it. */
export interface Place {
  /** Its own; the caller makes and removes it. */
  readonly folder: string;
  readonly port: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
  readonly sinkPort: number;
}

export interface CandidateSpec {
  readonly name: string;
  /** Under which it is measured: `conditions` are of interest only beside their own kind. */
  readonly group: "assay" | "yardstick" | "peer" | "conditions";
  /** Why it cannot run here; undefined when it can. */
  readonly absence?: () => string | undefined;
  readonly version?: () => string | undefined;
  /** How it is asked where that is not the usual way. */
  readonly target?: (place: Place) => Target;
  readonly command: (place: Place) => Command | Promise<Command>;
  /** Processes that share its requests; each has to be warm. */
  readonly workers?: number;
  /** What it does later than its answers, telemetry say, belongs to the burst: the time to wait for it. */
  readonly settleMs?: number;
  /** What happens to it during each burst, until the signal. */
  readonly meanwhile?: (place: Place, over: AbortSignal) => Promise<void>;
}

const relay: CandidateSpec = {
  name: "relay",
  group: "yardstick",
  version: () => packageVersion(fileURLToPath(import.meta.resolve("undici"))),
  command: ({ port, upstreamPort }) => ({
    name: "relay",
    argv: [
      process.execPath,
      path.join(import.meta.dirname, "relay.ts"),
      String(port),
      `http://127.0.0.1:${upstreamPort}`,
    ],
  }),
};

const nginx: CandidateSpec = {
  name: "nginx",
  group: "yardstick",
  absence: () => (hasNginx() ? undefined : "nginx is not on PATH"),
  version: () => toldVersion("nginx", "-v"),
  command: ({ folder, port, upstreamPort }) => nginxProxy(folder, port, upstreamPort),
};

export const candidateSpecs: readonly CandidateSpec[] = [...assayCandidates, relay, nginx, goRelay, ...peers];
