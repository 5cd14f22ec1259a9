import { readFileSync } from "node:fs";

// The one file outside src that is read at run time, so that the version is written once.
const manifest: { version: string } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
);

export const version: string = manifest.version;
