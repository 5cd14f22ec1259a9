import type { Io } from "../../src/cli/command.ts";

export interface Written {
  readonly io: Io;
  out(): string;
  err(): string;
  bytes(): Buffer;
}

/** An Io in memory. */
export function createIo(change: Partial<Io> = {}): Written {
  const out: Buffer[] = [];
  let err = "";
  return {
    io: {
      env: { LANG: "C.UTF-8" },
      cwd: "/",
      out: (text) => out.push(Buffer.from(text)),
      err: (text) => {
        err += text;
      },
      write: async (bytes) => {
        out.push(Buffer.from(bytes));
      },
      isOutTerminal: false,
      isErrTerminal: false,
      ...change,
    },
    out: () => Buffer.concat(out).toString(),
    err: () => err,
    bytes: () => Buffer.concat(out),
  };
}
