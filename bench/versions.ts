import { spawnSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";

/** The version that a program tells when it is asked, on whichever of its outputs. */
export function toldVersion(program: string, ...args: readonly string[]): string | undefined {
  const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 20_000 });
  return /\d+\.\d+[\w.]*/.exec(`${stdout}${stderr}`)?.[0];
}

/** The version of the npm package that a file belongs to. */
export function packageVersion(file: string): string | undefined {
  for (
    let folder = path.dirname(realpathSync(file));
    folder !== path.dirname(folder);
    folder = path.dirname(folder)
  ) {
    try {
      // Parse boundary: whatever else a package.json says, its version is a text or missing.
      return (JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { version?: string })
        .version;
    } catch {
      // Further up, then.
    }
  }
  return undefined;
}

/** The version of a Python package, asked of the interpreter that the program's first line names. */
export function pythonVersion(program: string, name: string): string | undefined {
  const python = /^#!(\S+)/.exec(readFileSync(program, "utf8"))?.[1];
  if (python === undefined) return undefined;
  return toldVersion(python, "-c", `import importlib.metadata as m; print(m.version("${name}"))`);
}
