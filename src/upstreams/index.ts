import type { Upstream } from "../domain/chat.ts";
import type { UpstreamConfig } from "../domain/upstream-config.ts";
import { createJsonUpstream } from "./json.ts";
import { createOpenAiUpstream } from "./openai.ts";

/** Wire dialects: one file and one line each. */
export const dialects: Readonly<Record<string, (config: UpstreamConfig, baseUrl: string) => Upstream>> = {
  openai: createOpenAiUpstream,
  json: createJsonUpstream,
};
