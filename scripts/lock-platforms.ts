/**
 * Completes package-lock.json: `node scripts/lock-platforms.ts` after every `npm install`.
 * A registry mirror that lacks the binaries of other platforms makes npm leave their entries out, and `npm ci` then refuses
 * the lock everywhere. Entries without an integrity are enough: npm asks for them only on the platform that they name.
 */
import { readFileSync, writeFileSync } from "node:fs";

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const path = new URL("../package-lock.json", import.meta.url);
// The file is npm's own; its shape is known.
const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, object> };

const systems = [
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const processors = ["arm64", "arm", "ia32", "loong64", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

let added = 0;
for (const entry of Object.values(lock.packages) as LockEntry[]) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    lock.packages[key] = platformEntry(name, version, entry.dev === true);
    added++;
  }
}
const sorted = Object.entries(lock.packages).sort(([left], [right]) => (left < right ? -1 : 1));
writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
process.stderr.write(`${added} platform entries added\n`);

function platformEntry(name: string, version: string, isDev: boolean): object {
  const words = name.split(/[/-]/);
  const system = systems.find((one) => words.includes(one));
  const processor = processors.find((one) =>
    words.some((word) => word === one || word.startsWith(`${one}hf`)),
  );
  if (system === undefined && processor === undefined)
    throw new Error(`${name} names no platform; mend the lock by hand`);
  return {
    version,
    ...(processor === undefined ? {} : { cpu: [processor] }),
    ...(isDev ? { dev: true } : {}),
    optional: true,
    ...(system === undefined ? {} : { os: [system] }),
    ...(words.includes("musl") || words.includes("musleabihf") ? { libc: ["musl"] } : {}),
  };
}
