/** Where a running instance is asked, and who says so. */
import { loadConfig } from "../config/load.ts";
import type { ServerConfig } from "../domain/config.ts";
import { type Arguments, configPath, type Io } from "./command.ts";

export interface ServerAddress {
  readonly url: string;
  /** The option, the variable or the file that it is from, or why it is the default. */
  readonly origin: string;
  /** How to start an instance with the configuration that this shell means. */
  readonly startCommand: string;
}

/** `--admin`, else ASSAY_ADMIN_URL, else server.admin of the configuration where that loads, else port 8485 of this machine. */
export function adminAddress(args: Arguments, io: Io): ServerAddress {
  return addressOf({ option: "admin", variable: "ASSAY_ADMIN_URL", port: 8485, listener }, args, io);
  function listener({ adminHost, adminPort }: ServerConfig): Listener {
    return { host: adminHost, port: adminPort, setting: "server.admin.port" };
  }
}

/** `--url`, else ASSAY_URL, else server.host and server.port of the configuration where that loads, else port 8484. */
export function proxyAddress(args: Arguments, io: Io): ServerAddress {
  return addressOf({ option: "url", variable: "ASSAY_URL", port: 8484, listener }, args, io);
  function listener({ host, port }: ServerConfig): Listener {
    return { host, port, setting: "server.port" };
  }
}

/** What stands in a URL for an address to listen at: what means every interface is reached by loopback. */
export function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

interface Listener {
  readonly host: string;
  readonly port: number;
  readonly setting: string;
}

interface Wanted {
  readonly option: string;
  readonly variable: string;
  readonly port: number;
  readonly listener: (server: ServerConfig) => Listener;
}

function addressOf({ option, variable, port, listener }: Wanted, args: Arguments, io: Io): ServerAddress {
  const path = configPath(args, io);
  const startCommand = `npx assay serve${path === "assay.yaml" ? "" : ` --config ${path}`}`;
  const written = args.text(option);
  if (written !== undefined) return { url: written, origin: `--${option}`, startCommand };
  const fromShell = io.env[variable];
  if (fromShell !== undefined && fromShell !== "") return { url: fromShell, origin: variable, startCommand };
  const usual = `http://127.0.0.1:${port}`;
  const loaded = loadConfig(path, io.env);
  // A switch must work also while the file is being mended.
  if ("problems" in loaded) {
    return { url: usual, origin: `the default, for ${path} does not load`, startCommand };
  }
  const told = listener(loaded.config.server);
  // 0 is any free port: which one, only the server's welcome tells.
  if (told.port === 0) {
    return { url: usual, origin: `the default, for ${told.setting} of ${path} is 0`, startCommand };
  }
  return {
    url: `http://${urlHost(told.host)}:${told.port}`,
    origin: `${told.setting} of ${path}`,
    startCommand,
  };
}
