import type { App } from "../app.ts";
import { Failure } from "../domain/failure.ts";
import { type Command, configOption, configPath, type ExitCode, type Io } from "./command.ts";
import { welcome } from "./welcome.ts";

export const serve: Command = {
  summary: "start the proxy and its admin API",
  usage: "[options]",
  options: {
    ...configOption,
    port: {
      type: "string",
      value: "N",
      description: "port of the API (wins over server.port; 0: any free one)",
    },
    host: { type: "string", value: "HOST", description: "address of the API (wins over server.host)" },
    "admin-port": {
      type: "string",
      value: "N",
      description: "port of the admin API (wins over server.admin.port)",
    },
    "admin-host": {
      type: "string",
      value: "HOST",
      description: "address of the admin API (wins over server.admin.host)",
    },
    workers: {
      type: "string",
      value: "N|auto",
      description: "processes that serve the API (wins over server.workers)",
    },
    "state-dir": {
      type: "string",
      value: "DIR",
      description: "where records are kept (wins over server.state_dir): an empty one for a rehearsal",
    },
    quiet: { type: "boolean", description: "do not print the welcome" },
  },
  maxPositionals: 0,
  async run(args, io) {
    // Loaded here, so that a kill or a check does not wait for a server's packages.
    const starting = import("../app.ts").then(({ startApp }) =>
      startApp({
        configPath: configPath(args, io),
        env: io.env,
        host: args.text("host"),
        port: args.port("port"),
        adminHost: args.text("admin-host"),
        adminPort: args.port("admin-port"),
        stateDir: args.text("state-dir"),
        workers: workersOf(args.text("workers")),
        writeLog: io.err,
      }),
    );
    // Before anything answers: whoever hears that it is ready may send a signal the next moment.
    const ended = untilSignal(starting, io);
    const app = await starting;
    guardProcess(app);
    if (!args.flag("quiet")) io.out(welcome(app));
    return ended;
  },
};

function workersOf(text: string | undefined): number | "auto" | undefined {
  if (text === undefined || text === "auto") return text;
  const workers = Number(text);
  if (/^\d+$/.test(text) && workers >= 1 && workers <= 256) return workers;
  throw new Failure("invalid_value", `--workers must be "auto" or 1 to 256; it was "${text}".`);
}

/** One request's crash must not end the others: it is written down, loudly, and the process goes on. */
function guardProcess(app: App): void {
  process.on("uncaughtException", (error) => app.log.error("uncaught exception; serving on", { error }));
  process.on("unhandledRejection", (error) => app.log.error("unhandled rejection; serving on", { error }));
}

/** Drains on the first signal, as soon as it has started; the second gives up at once. */
function untilSignal(starting: Promise<App>, io: Io): Promise<ExitCode> {
  return new Promise((resolve) => {
    let isClosing = false;
    const stop = async (signal: string) => {
      if (isClosing) process.exit(1);
      isClosing = true;
      io.err(`${signal}: draining; a second signal ends at once\n`);
      // What keeps it from starting is said by whoever waits for it.
      const app = await starting.catch(() => undefined);
      resolve(app === undefined ? 1 : await closed(app));
    };
    process.on("SIGHUP", () => starting.then(reload, () => {}));
    process.on("SIGTERM", () => stop("SIGTERM"));
    process.on("SIGINT", () => stop("SIGINT"));
    whenOrphaned(io, () => stop("the shell that npm started us in has ended"));
  });
}

async function closed(app: App): Promise<ExitCode> {
  try {
    await app.close();
    return 0;
  } catch (error) {
    app.log.error("the end was not orderly", { error });
    return 1;
  }
}

/** SIGHUP is the operator's word for "read your configuration again". */
async function reload(app: App): Promise<void> {
  await app.reload("SIGHUP", "signal").catch((error: unknown) => app.log.error("reload failed", { error }));
}

/** npm hands a signal to its shell, and the shell keeps it to itself: what npm started would serve on for nobody. */
function whenOrphaned({ env }: Io, act: () => void): void {
  if (env.npm_command === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, 500);
  timer.unref();
}
