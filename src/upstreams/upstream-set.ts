/** The upstreams in force. A revision replaces those whose configuration changed; calls under way keep theirs. */
import { inspect } from "node:util";
import type { Upstream } from "../domain/chat.ts";
import type { Config } from "../domain/config.ts";
import type { UpstreamConfig } from "../domain/upstream-config.ts";
import { dialects } from "./index.ts";

/** OpenAI's own address serves nobody without a key; any other may be an open server of the user's. */
const needsKey = "https://api.openai.com";

interface Entry {
  readonly upstream: Upstream;
  readonly config: UpstreamConfig;
  readonly baseUrl: string;
  readonly fingerprint: string;
}

export class UpstreamSet {
  readonly #entries = new Map<string, Entry>();
  readonly #scriptedUrl: () => Promise<string>;

  /** `scriptedUrl` starts the scripted upstream when it is first asked for. */
  constructor(scriptedUrl: () => Promise<string>) {
    this.#scriptedUrl = scriptedUrl;
  }

  /**
   * Makes what a configuration needs, and gives the step that puts it in force. Upstreams that it no longer names stay, for
   * requests of the revision before; replaced ones wait for their calls by themselves.
   */
  async prepare(config: Config): Promise<() => void> {
    const entries = new Map<string, Entry>();
    for (const upstreamConfig of Object.values(config.upstreams)) {
      const fingerprint = `${inspect(upstreamConfig, { depth: 5 })}\0${upstreamConfig.apiKey?.reveal() ?? ""}`;
      if (this.#entries.get(upstreamConfig.name)?.fingerprint === fingerprint) continue;
      const create = dialects[upstreamConfig.dialect];
      if (create === undefined) throw new Error(`no dialect "${upstreamConfig.dialect}"`);
      const baseUrl = isScripted(upstreamConfig) ? await this.#scriptedUrl() : upstreamConfig.baseUrl;
      const upstream = create(upstreamConfig, baseUrl);
      entries.set(upstreamConfig.name, { upstream, config: upstreamConfig, baseUrl, fingerprint });
    }
    return () => {
      for (const [name, entry] of entries) {
        this.#entries
          .get(name)
          ?.upstream.close()
          .catch(() => {});
        this.#entries.set(name, entry);
      }
    };
  }

  of(name: string): Upstream {
    return this.#entry(name).upstream;
  }

  configOf(name: string): UpstreamConfig {
    return this.#entry(name).config;
  }

  providerOf(name: string): string {
    return this.#entries.get(name)?.config.provider ?? "";
  }

  /** Where the upstreams of this configuration really are. */
  list(config: Config): { name: string; baseUrl: string; isScripted: boolean }[] {
    return Object.values(config.upstreams).map((upstream) => {
      const { baseUrl = upstream.baseUrl } = this.#entries.get(upstream.name) ?? {};
      return { name: upstream.name, baseUrl, isScripted: isScripted(upstream) };
    });
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#entries.values()].map(({ upstream }) => upstream.close()));
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Error(`no upstream "${name}" in the configuration`);
    return entry;
  }
}

function isScripted({ withoutKey, apiKey, baseUrl }: UpstreamConfig): boolean {
  return withoutKey === "scripted" && apiKey === undefined && baseUrl.startsWith(needsKey);
}
