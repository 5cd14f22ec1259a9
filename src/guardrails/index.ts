/** The registry of checks: the configuration's schema, its checks and its documentation are made of it. */
import type { AnyCheck } from "./check-definition.ts";
import { jsonSchema } from "./json-schema.ts";
import { judge } from "./judge.ts";
import { language } from "./language.ts";
import { length } from "./length.ts";
import { moderation } from "./moderation.ts";
import { patterns } from "./patterns.ts";
import { personalData } from "./personal-data.ts";
import { promptInjection } from "./prompt-injection.ts";
import { secrets } from "./secrets.ts";
import { tools } from "./tools.ts";
import { topics } from "./topics.ts";

export const checks: Readonly<Record<string, AnyCheck>> = {
  length,
  patterns,
  personal_data: personalData,
  secrets,
  tools,
  prompt_injection: promptInjection,
  topics,
  language,
  json_schema: jsonSchema,
  moderation,
  judge,
};
