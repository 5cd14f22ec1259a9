/** The short form of a model server: a variant's `url` stands for an upstream and a model of its own. */
import type { ConfigFile, ExperimentSection, ModelSection, UpstreamSection } from "./file-shape.ts";
import { defaultsOf } from "./schema-node.ts";
import { upstreamSchema } from "./schema-upstreams.ts";

export interface ModelServers {
  readonly upstreams: Readonly<Record<string, UpstreamSection>>;
  readonly models: Readonly<Record<string, ModelSection>>;
}

/** What the urls of this file stand for; both are named `<experiment>/<variant>`, which no upstream of the file can be. */
export function modelServersOf({ experiments }: Pick<ConfigFile, "experiments">): ModelServers {
  const upstreams: Record<string, UpstreamSection> = {};
  const models: Record<string, ModelSection> = {};
  for (const [experimentId, { variants }] of Object.entries(experiments)) {
    for (const [variantId, { url, model }] of Object.entries(variants)) {
      if (url === undefined) continue;
      const name = modelServerName(experimentId, variantId);
      upstreams[name] = { ...upstreamDefaults, dialect: "json", base_url: url };
      models[name] = { upstream: name, model: model ?? variantId };
    }
  }
  return { upstreams, models };
}

/** The model of a variant, by the name that `models` knows it by. */
export function modelOfVariant(
  experimentId: string,
  variantId: string,
  { url, model }: ExperimentSection["variants"][string],
): string {
  return url === undefined ? (model ?? "") : modelServerName(experimentId, variantId);
}

/** The upstream of models that `models` does not name: the first that chats, else the first there is. */
export function defaultUpstreamOf(file: ConfigFile, order: readonly string[]): string {
  const chatting = order.find((name) => file.upstreams[name]?.dialect !== "json");
  return (
    file.default_upstream ?? chatting ?? order[0] ?? Object.keys(modelServersOf(file).upstreams)[0] ?? ""
  );
}

export function modelServerName(experimentId: string, variantId: string): string {
  return `${experimentId}/${variantId}`;
}

// The schema's own defaults are of the schema's own shape.
const upstreamDefaults = defaultsOf(upstreamSchema) as unknown as UpstreamSection;
