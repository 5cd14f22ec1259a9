/** What an app is started with, and the configuration as the command line overrules it. */
import { adminAccessProblem } from "./config/check-server.ts";
import { loadConfig } from "./config/load.ts";
import { formatProblem } from "./config/problems.ts";
import type { LoadedRevision } from "./control/revisions.ts";
import { compileRevision } from "./core/revision.ts";
import type { ServerConfig } from "./domain/config.ts";

export interface AppOptions {
  readonly configPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** These win over the configuration. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly adminHost?: string | undefined;
  readonly adminPort?: number | undefined;
  /** Gets one line of the log with its line break. */
  readonly writeLog: (line: string) => void;
}

/** A file that is right in itself is refused all the same when it would open the admin API of this process. */
export function loadRevision(options: AppOptions, now: number): LoadedRevision {
  const loaded = loadConfig(options.configPath, options.env);
  const files = [...loaded.files, ...loaded.directories];
  if ("problems" in loaded) return { problems: loaded.problems.map(formatProblem), files };
  const { adminHost, adminToken } = ownListeners(loaded.config.server, options);
  const problem = adminAccessProblem(adminHost, adminToken?.reveal());
  if (problem !== undefined) return { problems: [problem], files };
  return { revision: compileRevision(loaded.config, loaded.digest, now), files };
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
