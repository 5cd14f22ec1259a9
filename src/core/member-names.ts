/** Names of a body's members, as whoever decodes it behind us may read them. */
import { Failure } from "../domain/failure.ts";

// Spellings by which callers of other proxies choose where a request goes, with whose key, or from which file.
const routing: ReadonlySet<string> = new Set([
  "api_base",
  "api_key",
  "base_url",
  "endpoint",
  "extra_headers",
  "file",
  "headers",
  "prompt_file",
  "proxy",
  "schema_file",
  "upstream",
  "upstream_url",
  "url",
  "x-upstream",
]);
/** Throws `unsupported_parameter` for a member that would choose where the request goes. */
export function refuseRouting(name: string): void {
  if (!routing.has(foldedName(name))) return;
  throw new Failure(
    "unsupported_parameter",
    `"${name}" is not taken from requests: the configuration says where they go, and with what. Leave it out.`,
    { param: name },
  );
}

// Routers such as OpenRouter and LiteLLM turn to the models in these when the one that is named fails.
const furtherModels: ReadonlySet<string> = new Set([
  "models",
  "fallbacks",
  "context_window_fallbacks",
  "content_policy_fallbacks",
]);

/** Whether an upstream may take it for models beside the one that is named. */
export function namesFurtherModels(name: string): boolean {
  return furtherModels.has(foldedName(name));
}

/** Some decoders ignore case: the upstream would obey a member that we did not look at. */
export function misspelt(name: string, meant: string): Failure {
  return new Failure("unsupported_parameter", `"${name}" must be spelt "${meant}".`, { param: name });
}

/** As decoders read it that ignore case by Unicode: K (Kelvin) is a k, and the long s an s. */
export function foldedName(name: string): string {
  return mayFold.test(name) ? name.toLowerCase().replaceAll("\u017f", "s") : name;
}

/** ASCII's, and whatever lies beyond it: some of that is a letter of ASCII to decoders that ignore case. */
const mayFold = /[^ -@[-~]/;
