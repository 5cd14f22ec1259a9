/** The registry of checks: the configuration's schema, its checks and its documentation are made of it. */
import type { AnyCheck } from "./check-definition.ts";
import { length } from "./length.ts";
import { patterns } from "./patterns.ts";

export const checks: Readonly<Record<string, AnyCheck>> = {
  length,
  patterns,
};
