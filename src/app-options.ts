/** What an app is started with, and the configuration as the command line overrules it. */
import { resolve } from "node:path";
import { adminAccessProblem, openAccessProblem } from "./config/check-server.ts";
import { createTextReader } from "./config/file-reader.ts";
import { loadConfig } from "./config/load.ts";
import { formatProblem } from "./config/problems.ts";
import type { LoadedRevision } from "./control/revisions.ts";
import { revisionOf } from "./core/revision.ts";
import { sharesEvents } from "./core/shares.ts";
import type { RevisionSource, ServerConfig, StoreConfig } from "./domain/config.ts";
import type { ControlEvent } from "./domain/control.ts";

export interface AppOptions {
  readonly configPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** These win over the configuration. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly adminHost?: string | undefined;
  readonly adminPort?: number | undefined;
  readonly stateDir?: string | undefined;
  readonly workers?: number | "auto" | undefined;
  readonly storeEngine?: StoreConfig["engine"] | undefined;
  /** How often a ramp is looked at; 15 s unless told. */
  readonly rampEvaluateMs?: number | undefined;
  /** Gets one line of the log with its line break. */
  readonly writeLog: (line: string) => void;
}

/** From the disk as it is now, with what these events set by hand over it. */
export function loadRevision(
  options: AppOptions,
  now: number,
  events: readonly ControlEvent[] = [],
): LoadedRevision {
  const allocated = sharesEvents(events);
  return revisionFrom(options, loadConfig(options.configPath, options.env), { allocated, loadedAt: now });
}

/** The revision that was loaded somewhere else, from what it was loaded from. */
export function rebuildRevision(options: AppOptions, { texts, ...rest }: RevisionSource): LoadedRevision {
  return revisionFrom(options, loadConfig(options.configPath, options.env, createTextReader(texts)), rest);
}

/** A file that is right in itself is refused all the same when it would open the admin API or the data plane of this process. */
function revisionFrom(
  options: AppOptions,
  loaded: ReturnType<typeof loadConfig>,
  { allocated, loadedAt }: Omit<RevisionSource, "texts">,
): LoadedRevision {
  const files = [...loaded.files, ...loaded.directories];
  if ("problems" in loaded) return { problems: loaded.problems.map(formatProblem), files };
  const { host, adminHost, adminToken } = ownListeners(loaded.config.server, options);
  const problem =
    adminAccessProblem(adminHost, adminToken?.reveal()) ?? openAccessProblem(host, loaded.config.auth.mode);
  if (problem !== undefined) return { problems: [problem], files };
  const stateDir = options.stateDir === undefined ? loaded.config.stateDir : resolve(options.stateDir);
  const made = revisionOf({ ...loaded, config: { ...loaded.config, stateDir } }, allocated, loadedAt);
  const { files: read, directories } = loaded.texts;
  return { ...made, source: { texts: { files: read, directories }, allocated, loadedAt }, files };
}

/** Settings of the file that the command line stands in for. */
export function overruledBy({ host, port, adminHost, adminPort, workers }: AppOptions): readonly string[] {
  const own = { host, port, "admin.host": adminHost, "admin.port": adminPort, workers };
  return Object.entries(own).flatMap(([key, value]) => (value === undefined ? [] : `server.${key}`));
}

/** Where the process listens, fixed when it starts; a reload changes the other settings of the server. */
export function ownListeners(server: ServerConfig, options: AppOptions): ServerConfig {
  return {
    ...server,
    host: options.host ?? server.host,
    port: options.port ?? server.port,
    adminHost: options.adminHost ?? server.adminHost,
    adminPort: options.adminPort ?? server.adminPort,
  };
}
