/** What is told of a ramp, and where. */
import type { Secret } from "./config.ts";
import type { RampRule, RampStatus } from "./ramp.ts";

/** What is told; `waiting` is for somebody's approval or for the schedule, and `killed` and `revived` are a kill switch that covers the ramp. */
export const rampEventNames = [
  "started",
  "raised",
  "waiting",
  "held",
  "resumed",
  "paused",
  "rolled_back",
  "completed",
  "aborted",
  "killed",
  "revived",
] as const;

export type RampEventName = (typeof rampEventNames)[number];

/** One thing that came to pass with a ramp, for whoever listens. */
export interface RampNews {
  readonly event: RampEventName;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly experimentId: string;
  readonly variantId: string;
  readonly controlId: string;
  readonly generation: number;
  /** Undefined for a kill switch, which no rule has set. */
  readonly rule: RampRule | undefined;
  readonly from: RampStatus;
  readonly to: RampStatus;
  /** Index of the step. */
  readonly step: number;
  readonly steps: number;
  /** Of all units that may take part: who meets the treatment. */
  readonly share: number;
  readonly by: string | undefined;
  readonly reason: string | undefined;
}

/** Where a ramp's events are told. */
export interface RampHook {
  /** Addresses of such hooks are secrets often enough. */
  readonly url: Secret;
  /** Of the signature; undefined signs nothing. */
  readonly secret: Secret | undefined;
  readonly format: "cloudevents" | "slack";
  readonly on: readonly RampEventName[];
}

/** One message to one hook. Neither the address nor the secret is in it: it is kept on disk. */
export interface Notification {
  /** The same for every attempt. */
  readonly id: string;
  readonly experimentId: string;
  /** Names the hook among those of its experiment. */
  readonly hook: string;
  readonly at: number;
  readonly event: RampEventName;
  readonly contentType: string;
  readonly body: string;
  /** That failed. */
  readonly attempts: number;
  readonly error: string | undefined;
}
