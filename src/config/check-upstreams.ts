import { didYouMean } from "../core/did-you-mean.ts";
import { isForbidden, networkKind } from "../core/network-address.ts";
import type { Finding } from "./check-shape.ts";
import type { ConfigFile, UpstreamSection } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import { modelServersOf } from "./model-servers.ts";
import { upstreamSchema } from "./schema-upstreams.ts";
import type { YamlSource } from "./yaml-source.ts";

/** Upstreams, and the models that name them. */
export function checkUpstreams(file: ConfigFile, source: YamlSource): readonly Finding[] {
  const names = source.keys.get("/upstreams") ?? [];
  const findings = Object.entries(file.upstreams).flatMap(([name, upstream]) => [
    ...checkAddress(name, upstream),
    ...checkKey(name, upstream, source),
    ...checkRetry(name, upstream),
    ...checkHeaders(name, upstream, source),
  ]);
  findings.push(...checkModelServers(file));
  const hasModelServers = Object.keys(modelServersOf(file).upstreams).length > 0;
  if (names.length === 0 && !hasModelServers) {
    const isWritten = source.keys.has("/upstreams");
    const message = isWritten
      ? "`upstreams` is empty; name at least one upstream"
      : "the file lacks `upstreams`; add it";
    findings.push({ pointer: "/upstreams", side: "key", message });
  }
  const reference = (pointer: string, name: string | undefined): void => {
    if (name === undefined || names.includes(name)) return;
    findings.push({ pointer, side: "value", message: unknownName({ kind: "upstream", name, names }) });
  };
  reference("/default_upstream", file.default_upstream);
  for (const [name, model] of Object.entries(file.models)) {
    reference(pointerOf("models", name, "upstream"), model.upstream);
  }
  return findings;
}

const defaultAddress = upstreamSchema.properties?.base_url?.default;

/** There is no such thing; which of the things that are there was meant? */
export function unknownName(wrong: {
  readonly kind: string;
  readonly name: string;
  readonly names: readonly string[];
}): string {
  const meant = didYouMean(wrong.name, wrong.names);
  if (meant !== undefined) return `there is no ${wrong.kind} "${wrong.name}"; did you mean "${meant}"?`;
  const known = wrong.names.length === 0 ? "there are none" : `there are: ${wrong.names.join(", ")}`;
  return `there is no ${wrong.kind} "${wrong.name}"; ${known}`;
}

function checkAddress(name: string, upstream: UpstreamSection): readonly Finding[] {
  if (upstream.dialect === "json" && upstream.base_url === defaultAddress) {
    const message = `\`${name}\` is a model server and lacks \`base_url\`; add its address`;
    return [{ pointer: pointerOf("upstreams", name, "base_url"), side: "value", message }];
  }
  const pointer = pointerOf("upstreams", name, "base_url");
  if (URL.canParse(upstream.base_url)) return checkNetwork(pointer, "base_url", upstream.base_url);
  const message = "`base_url` is not an address; write one such as https://api.openai.com/v1";
  return [{ pointer, side: "value", message }];
}

function checkModelServers({ experiments }: ConfigFile): readonly Finding[] {
  return Object.entries(experiments).flatMap(([id, { variants }]) =>
    Object.entries(variants).flatMap(([variantId, { url }]) =>
      url === undefined || !URL.canParse(url)
        ? []
        : checkNetwork(pointerOf("experiments", id, "variants", variantId, "url"), "url", url),
    ),
  );
}

/** Who writes an address of his own network means it; nobody means these. Names are looked at when they are resolved. */
function checkNetwork(pointer: string, key: string, address: string): readonly Finding[] {
  const { hostname } = new URL(address);
  const kind = networkKind(hostname);
  if (kind === undefined || !isForbidden(kind)) return [];
  const message = `\`${key}\` leads to ${hostname}, a ${kind.replace("_", "-")} address, where no upstream may be; write the address of the API`;
  return [{ pointer, side: "value", message }];
}

function checkKey(name: string, upstream: UpstreamSection, source: YamlSource): readonly Finding[] {
  const pointer = pointerOf("upstreams", name, "api_key");
  const isFromEnvironment = source.references.has(pointer);
  if (!isFromEnvironment || /^[\x21-\x7e]*$/.test(upstream.api_key ?? "")) return [];
  const written = source.references.get(pointer);
  const message = `the value of ${written} holds a space, a line break or a sign outside ASCII; take it out`;
  return [{ pointer, side: "value", message }];
}

function checkRetry(name: string, { retry }: UpstreamSection): readonly Finding[] {
  if (retry.base_ms <= retry.max_ms) return [];
  const message = `\`base_ms\` is ${retry.base_ms}, more than \`max_ms\` (${retry.max_ms}); lower it or raise \`max_ms\``;
  return [{ pointer: pointerOf("upstreams", name, "retry", "base_ms"), side: "value", message }];
}

// Those that the connection, the telemetry or the body decides: a fixed value would break one of them.
const reservedHeaders = new Set([
  "accept-encoding",
  "baggage",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const credentialHeaders = new Set(["api-key", "authorization", "cookie", "proxy-authorization", "x-api-key"]);

function checkHeaders(name: string, upstream: UpstreamSection, source: YamlSource): readonly Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const [header, value] of Object.entries(upstream.headers)) {
    const pointer = pointerOf("upstreams", name, "headers", header);
    const add = (side: Finding["side"], message: string | undefined): void => {
      if (message !== undefined) findings.push({ pointer, side, message });
    };
    add("key", headerNameProblem(header, seen));
    add("value", headerValueProblem(header, { value, isPlain: !source.references.has(pointer) }));
    seen.add(header.toLowerCase());
  }
  return findings;
}

function headerNameProblem(header: string, seen: ReadonlySet<string>): string | undefined {
  const name = header.toLowerCase();
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/.test(name)) {
    return `"${header}" is not a header's name; use letters, digits and \`-\``;
  }
  if (seen.has(name)) return `header "${header}" is given twice, in another case; keep one of the two`;
  return reservedHeaders.has(name) ? `header "${header}" is set by Assay itself; remove it` : undefined;
}

function headerValueProblem(
  header: string,
  { value, isPlain }: { readonly value: string; readonly isPlain: boolean },
): string | undefined {
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    return `the value of header "${header}" holds a line break or another sign that no header may hold; take it out`;
  }
  if (!isPlain || !credentialHeaders.has(header.toLowerCase())) return undefined;
  return `header "${header}" carries a secret in plain text; put it into the environment and write \${NAME} here`;
}
