/** What an app is started with, and the configuration as the command line overrules it. */
import { adminAccessProblem } from "./config/check-server.ts";
import { loadConfig } from "./config/load.ts";
import { formatProblem } from "./config/problems.ts";
import type { LoadedRevision } from "./control/revisions.ts";
import { compileRevision } from "./core/revision.ts";
import type { ServerConfig } from "./domain/config.ts";
import { Failure } from "./domain/failure.ts";

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

export function loadRevision({ configPath, env }: AppOptions, now: number): LoadedRevision {
  const loaded = loadConfig(configPath, env);
  const files = [...loaded.files, ...loaded.directories];
  if ("problems" in loaded) return { problems: loaded.problems.map(formatProblem), files };
  return { revision: compileRevision(loaded.config, loaded.digest, now), files };
}

/**
 * Where the process listens, fixed when it starts; a reload changes the other settings of the server.
 * Throws `config_invalid` where the admin API would stand open to other machines.
 */
export function ownListeners(server: ServerConfig, options: AppOptions): ServerConfig {
  const own = {
    ...server,
    host: options.host ?? server.host,
    port: options.port ?? server.port,
    adminHost: options.adminHost ?? server.adminHost,
    adminPort: options.adminPort ?? server.adminPort,
  };
  const problem = adminAccessProblem(own.adminHost, own.adminToken?.reveal());
  if (problem !== undefined) throw new Failure("config_invalid", problem);
  return own;
}
