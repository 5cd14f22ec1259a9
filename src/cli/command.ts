/** What a command is, and how its arguments are read: node's own parser, one table a command. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { didYouMean } from "../core/did-you-mean.ts";
import { Failure } from "../domain/failure.ts";

/** 0 ok or ship, 1 regression, 2 usage or configuration, 3 not enough data, or not all of it. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Data. */
  readonly out: (text: string) => void;
  /** Progress, problems and logs. */
  readonly err: (text: string) => void;
  /** Data that is long: resolves when there is room for more. Mixes with `out` in the order of the calls. */
  readonly write: (bytes: string | Uint8Array) => Promise<void>;
  /** Whether a person looks at what `out` or `err` writes. */
  readonly isOutTerminal: boolean;
  readonly isErrTerminal: boolean;
}

export interface Option {
  readonly type: "string" | "boolean";
  /** What stands for the value in the help. */
  readonly value?: string;
  /** `--name` alone is the value "". */
  readonly isValueOptional?: boolean;
  readonly description: string;
}

export interface Arguments {
  readonly text: (name: string) => string | undefined;
  readonly flag: (name: string) => boolean;
  /** An integer of [0, 65535]. */
  readonly port: (name: string) => number | undefined;
  readonly positionals: readonly string[];
}

export interface Command {
  readonly summary: string;
  /** What follows the command's name. */
  readonly usage: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly maxPositionals: number;
  run(args: Arguments, io: Io): Promise<ExitCode>;
}

/** Throws a Failure for an unknown option, one that is given two values, or a value of the wrong kind. */
export function readArguments(command: Command, argv: readonly string[]): Arguments {
  const options: ParseArgsOptionsConfig = { help: { type: "boolean", short: "h" } };
  for (const [name, { type }] of Object.entries(command.options)) options[name] = { type };
  const { values, positionals } = parsed(withEmptyValues(command, argv), options);
  if (positionals.length > command.maxPositionals) {
    throw new Failure("invalid_value", `Unexpected argument "${positionals[command.maxPositionals]}".`);
  }
  const text = (name: string) => (typeof values[name] === "string" ? values[name] : undefined);
  return {
    text,
    flag: (name) => values[name] === true,
    port: (name) => portOf(name, text(name)),
    positionals,
  };
}

// node's parser knows options with a value and options without, and none that may have one.
function withEmptyValues(command: Command, argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return argv.map((word, at) => {
    const option = word.startsWith("--") ? command.options[word.slice(2)] : undefined;
    return option?.isValueOptional === true && (end < 0 || at < end) ? `${word}=` : word;
  });
}

function parsed(argv: readonly string[], options: ParseArgsOptionsConfig) {
  checkOptions(argv, options);
  try {
    return parseArgs({ args: withNegatives(argv, options), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new Failure("invalid_value", error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/** node's parser takes a negative number for options; the command says better what is wrong with it. */
function withNegatives(argv: readonly string[], options: ParseArgsOptionsConfig): string[] {
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const words = [...argv];
  for (const token of tokens.toReversed()) {
    if (token.kind !== "option" || token.inlineValue !== false || !/^-\d/.test(token.value)) continue;
    words.splice(token.index, 2, `${token.rawName}=${token.value}`);
  }
  return words;
}

/** node's parser keeps the last of two values and says nothing, and knows no option that may have been meant. */
function checkOptions(argv: readonly string[], options: ParseArgsOptionsConfig): void {
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName } = token;
    if (!Object.hasOwn(options, name)) throw unknownOption(name, rawName, Object.keys(options));
    if (seen.has(name) && options[name]?.type === "string") {
      throw new Failure(
        "invalid_value",
        `${rawName} was given twice; give it once. One that takes a list has it separated by commas.`,
      );
    }
    seen.add(name);
  }
}

function unknownOption(name: string, rawName: string, known: readonly string[]): Failure {
  const meant = didYouMean(name, known);
  const hint = meant === undefined ? "" : ` Did you mean "--${meant}"?`;
  return new Failure("invalid_value", `There is no option "${rawName}".${hint}`);
}

function portOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Failure("invalid_value", `--${name} must be a port, 0 to 65535; it was "${text}".`);
}

export const configOption = {
  config: {
    type: "string",
    value: "FILE",
    description: "the configuration (default: ASSAY_CONFIG, or ./assay.yaml)",
  },
} as const;

export const jsonOption = { json: { type: "boolean", description: "print JSON" } } as const;

export function configPath(args: Arguments, io: Io): string {
  return args.text("config") ?? io.env.ASSAY_CONFIG ?? "assay.yaml";
}
