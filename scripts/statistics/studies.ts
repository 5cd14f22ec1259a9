import { decision } from "./decision.ts";
import { failures } from "./failures.ts";
import { fallbacks } from "./fallbacks.ts";
import { loss } from "./loss.ts";
import { oneLook } from "./one-look.ts";
import { outages } from "./outages.ts";
import { peeking, peekingLatency } from "./peeking.ts";
import { ramps } from "./ramps.ts";
import { sampleRatioStudies } from "./sample-ratio.ts";
import { smallArm } from "./small-arm.ts";
import type { Study } from "./study.ts";

/** In the order in which their rows stand on the page. */
export const studies: readonly Study[] = [
  ...oneLook,
  ...peeking,
  ...peekingLatency,
  ...decision,
  ...ramps,
  ...outages,
  ...failures,
  ...fallbacks,
  ...sampleRatioStudies,
  ...loss,
  ...smallArm,
];
