import { createAdminTarget } from "./admin.ts";
import { createConfigTarget } from "./config.ts";
import { createHeadersTarget } from "./headers.ts";
import { createHeldTextTarget } from "./held-text.ts";
import { createJsonScanTarget } from "./json-scan.ts";
import { createOutcomesTarget } from "./outcomes.ts";
import { createPromptTarget } from "./prompt.ts";
import { createSseTarget } from "./sse.ts";
import type { FuzzTargetMaker } from "./target.ts";

/** One file and one line each; the seeds are in `corpus/<name>/`, and whatever broke a target is kept there. */
export const fuzzTargets: Readonly<Record<string, FuzzTargetMaker>> = {
  admin: createAdminTarget,
  config: createConfigTarget,
  headers: createHeadersTarget,
  "held-text": createHeldTextTarget,
  "json-scan": createJsonScanTarget,
  outcomes: createOutcomesTarget,
  prompt: createPromptTarget,
  sse: createSseTarget,
};
