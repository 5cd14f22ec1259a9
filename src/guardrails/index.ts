/** The registry of checks: the configuration's schema, its checks and its documentation are made of it. */
import type { AnyCheck } from "./check-definition.ts";
import { judge } from "./judge.ts";
import { length } from "./length.ts";
import { moderation } from "./moderation.ts";

export const checks: Readonly<Record<string, AnyCheck>> = {
  judge,
  length,
  moderation,
};
