/** argv → one command. */

import { type Command, type Io, readArguments } from "./cli/command.ts";
import { commands } from "./cli/index.ts";
import { didYouMean } from "./core/did-you-mean.ts";
import { asFailure, type Failure } from "./domain/failure.ts";
import { version } from "./version.ts";

const io: Io = {
  env: process.env,
  cwd: process.cwd(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  write: writeOut,
  isOutTerminal: process.stdout.isTTY === true,
  isErrTerminal: process.stderr.isTTY === true,
};

process.exitCode = await run(process.argv.slice(2));

async function run([name = "help", ...rest]: readonly string[]): Promise<number> {
  if (name === "--version" || name === "-v") {
    io.out(`${version}\n`);
    return 0;
  }
  if (name === "help" || name === "--help" || name === "-h") {
    io.out(overview());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const meant = didYouMean(name, Object.keys(commands));
    io.err(
      `There is no command "${name}".${meant === undefined ? "" : ` Did you mean "${meant}"?`}\n\n${overview()}`,
    );
    return 2;
  }
  return runCommand(name, command, rest);
}

async function runCommand(name: string, command: Command, argv: readonly string[]): Promise<number> {
  // A server outlives who reads its welcome and its log: told of each line that nobody takes, it would log that too, for
  // ever. Any other command ends when nobody reads on, as in `assay export | head`.
  if (name === "serve") for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  else process.stdout.on("error", endWithReader);
  try {
    const args = readArguments(command, argv);
    if (args.flag("help")) {
      io.out(helpOf(name, command));
      return 0;
    }
    return await command.run(args, io);
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "client_cancelled") return endBySignal(failure);
    // A bug is shown whole; a problem of the user's is shown as its sentence.
    const isBug = failure.code === "internal_error";
    io.err(isBug ? `${inspectCause(failure)}\n` : `${failure.message}\n`);
    if (failure.code === "invalid_value" || failure.code === "missing_required_parameter") {
      io.err(`See: assay ${name} --help\n`);
    }
    return isBug ? 1 : 2;
  }
}

function writeOut(bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Also for what is written without waiting: a full disk ends a command with a sentence, not with a stack. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  io.err(`The standard output cannot be written: ${error.message}\n`);
  process.exit(2);
}

/** By the signal itself: the shell sees it, and no write that waits for a stalled reader keeps the process alive. */
function endBySignal({ message, cause }: Failure): number {
  io.err(`${message}\n`);
  if (cause === "SIGINT" || cause === "SIGTERM") process.kill(process.pid, cause);
  // The first process of a container is not ended by a signal of its own.
  process.exit(cause === "SIGTERM" ? 143 : 130);
}

function inspectCause(error: Error): string {
  return error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message;
}

function overview(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return `assay ${version}: an OpenAI-compatible proxy that runs experiments on LLM traffic

Usage: assay COMMAND [options]

${lines.join("\n")}

assay COMMAND --help tells a command's options.
`;
}

function helpOf(name: string, { summary, usage, options }: Command): string {
  const lines = Object.entries(options).map(([option, { value, isValueOptional, description }]) => {
    const shown = isValueOptional === true ? `[=${value}]` : ` ${value}`;
    const form = value === undefined ? `--${option}` : `--${option}${shown}`;
    return `  ${form.padEnd(22)} ${description}`;
  });
  return `assay ${name}: ${summary}\n\nUsage: assay ${name} ${usage}\n\n${lines.join("\n")}\n`;
}
