/** The composition root: takes the state folder, and joins the control plane with what serves the traffic. */
import { join } from "node:path";
import {
  type ControlPlane,
  type Serving,
  type ServingPorts,
  startControlPlane,
} from "./app-control-plane.ts";
import { createDataPlane } from "./app-data-plane.ts";
import { createFleetPlane, fleetSize } from "./app-fleet.ts";
import { createFoundation, type Foundation, wallNow } from "./app-foundation.ts";
import { type AppOptions, loadRevision, ownListeners } from "./app-options.ts";
import type { Config } from "./domain/config.ts";
import { Failure } from "./domain/failure.ts";
import type { Log } from "./domain/log.ts";
import { keptKey } from "./stores/kept-key.ts";
import { lockState } from "./stores/state-lock.ts";

export interface App extends ControlPlane {
  readonly host: string;
  readonly adminHost: string;
  /** Processes that serve; 1 is this one. */
  readonly workers: number;
  readonly log: Log;
}

/** Starts everything, or throws a Failure that says what is wrong with the configuration. */
export async function startApp(options: AppOptions): Promise<App> {
  const first = loadRevision(options, wallNow());
  if ("problems" in first) throw new Failure("config_invalid", first.problems.join("\n"));
  const { config } = first.revision;
  const lock = lockState(config.stateDir);
  try {
    const app = await startLocked(options, config);
    const { close } = app;
    return Object.assign(app, { close: () => close().finally(() => lock.release()) });
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(options: AppOptions, config: Config): Promise<App> {
  const key = config.telemetry.unitHashKey?.reveal() ?? keptKey(join(config.stateDir, "unit-hash.key"));
  const foundation = createFoundation(key, options.writeLog);
  foundation.redactBy(config.redaction);
  const size = fleetSize(options.workers ?? config.server.workers);
  const control = await startControlPlane({
    ...foundation,
    options,
    config,
    serve: (ports) =>
      size === 1
        ? inThisProcess(foundation, ports)
        : createFleetPlane(foundation, ports, { size, options, config }),
  });
  const { log } = foundation;
  const { host, adminHost } = ownListeners(config.server, options);
  if (config.auth.mode === "open") {
    log.warn(
      "open: no client keys are asked for, so whoever reaches this machine's loopback spends your tokens",
      {
        host,
      },
    );
  }
  return Object.assign(control, { host, adminHost, workers: size, log });
}

/** Joined by direct calls: what the control plane has in force is what the next request meets. */
function inThisProcess(foundation: Foundation, ports: ServingPorts): Serving {
  const data = createDataPlane(foundation, ports);
  return { ...data, servesHere: true, tell: ({ keys }) => data.forget(keys), isReady: () => true };
}
