import { createHash } from "node:crypto";
import type { Config } from "../domain/config.ts";

/**
 * SHA-256, 64 hex digits, of everything that decides behaviour: the configuration with its defaults, prompts and
 * schemas. A secret counts as given or not given; so do headers' values from the environment, by the name of their
 * variable. Comments and the place on disk do not count, so instances agree.
 */
export function digestOf(config: Config, references: ReadonlyMap<string, string>): string {
  const { stateDir: _stateDir, upstreams, ...rest } = config;
  const written = [...references].filter(([pointer]) => /^\/upstreams\/[^/]+\/headers\//.test(pointer));
  const isFromEnvironment = (upstream: string, header: string): boolean =>
    written.some(
      ([pointer]) => pointer.toLowerCase() === `/upstreams/${upstream}/headers/${header}`.toLowerCase(),
    );
  const visible = Object.entries(upstreams).map(([name, upstream]) => {
    const headers = Object.entries(upstream.headers).filter(([header]) => !isFromEnvironment(name, header));
    return [name, { ...upstream, headers: Object.fromEntries(headers) }] as const;
  });
  const content = { ...rest, upstreams: Object.fromEntries(visible), headers: Object.fromEntries(written) };
  return createHash("sha256").update(JSON.stringify(content, sorted)).digest("hex");
}

/** Members by name: the order of a file's keys decides nothing, and lists keep theirs. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
