import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** The command line's options. `--help` prints `usage` and ends with 0; an option that there is not, and ends with 2. */
export function readOptions<const T extends ParseArgsOptionsConfig>(usage: string, options: T) {
  try {
    if (process.argv.slice(2).some((word) => word === "--help" || word === "-h")) {
      process.stdout.write(`${usage}\n`);
      process.exit(0);
    }
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return process.exit(2);
  }
}
