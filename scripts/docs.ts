import { readFileSync, writeFileSync } from "node:fs";
import { configurationJsonSchema, configurationMarkdown } from "../src/config/docs.ts";
import { errorsMarkdown } from "../src/http/docs.ts";
import { telemetryMarkdown } from "../src/telemetry/docs.ts";

/** Writes the documentation that is derived from the code; with `--check` it only says whether what is there is fresh. */
function main(args: readonly string[]): number {
  const isCheck = args.includes("--check");
  const stale = pages.filter(({ path, text }) => read(path) !== text);
  for (const { path, text } of stale) {
    if (!isCheck) writeFileSync(path, text);
    process.stderr.write(
      isCheck ? `${path.pathname} is stale; run node scripts/docs.ts\n` : `${path.pathname}\n`,
    );
  }
  return isCheck && stale.length > 0 ? 1 : 0;
}

const pages = [
  { path: new URL("../docs/configuration.md", import.meta.url), text: configurationMarkdown() },
  { path: new URL("../docs/assay.schema.json", import.meta.url), text: configurationJsonSchema() },
  { path: new URL("../docs/telemetry.md", import.meta.url), text: telemetryMarkdown() },
  { path: new URL("../docs/errors.md", import.meta.url), text: errorsMarkdown() },
];

function read(path: URL): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

process.exitCode = main(process.argv.slice(2));
