#!/usr/bin/env node
// Plain JavaScript, so that a Node which is too old to read TypeScript still reads this.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `assay needs Node 24 or newer and this is ${process.versions.node}; run it by "npm start" or "npx assay", which bring their own.\n`,
  );
  process.exit(2);
}
await import("../src/main.ts");
