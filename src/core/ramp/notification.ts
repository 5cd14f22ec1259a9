/** What is told of a ramp, to whom, and in which form. */
import { createHmac, hash } from "node:crypto";
import type {
  Notification,
  RampConfig,
  RampEventName,
  RampHook,
  RampStatus,
  RampTransition,
} from "../../domain/ramp.ts";
import { percent } from "../line.ts";
import { rampShares } from "./shares.ts";

/** One for each hook that listens to it. */
export function notificationsOf(
  transition: RampTransition,
  plan: RampConfig,
  hooks: readonly RampHook[],
): readonly Notification[] {
  const event = eventNameOf(transition);
  if (event === undefined) return [];
  return hooks.flatMap((hook) => {
    if (!hook.on.includes(event)) return [];
    const { experimentId } = plan;
    const { at, to } = transition;
    const name = hookName(hook);
    const id = `ramp_${digestOf([experimentId, to.generation, at, event, to.step, name], 24)}`;
    const told = { event, transition, plan, id };
    const message = hook.format === "slack" ? slackMessage(told) : cloudEvent(told);
    return [{ id, experimentId, hook: name, at, event, ...message, attempts: 0, error: undefined }];
  });
}

/** Says which hook it is and opens none. */
export function hookName({ url, format }: RampHook): string {
  return digestOf([url.reveal(), format], 12);
}

/** Of a hook with a secret, by Standard Webhooks 1.0; `now` is epoch milliseconds. */
export function signatureHeaders(
  { id, body }: Pick<Notification, "id" | "body">,
  hook: RampHook,
  now: number,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1000));
  const head = { "webhook-id": id, "webhook-timestamp": timestamp };
  if (hook.secret === undefined) return head;
  const signature = createHmac("sha256", keyOf(hook.secret.reveal()))
    .update(`${id}.${timestamp}.${body}`)
    .digest("base64");
  return { ...head, "webhook-signature": `v1,${signature}` };
}

/** `whsec_` is followed by Base64; any other secret is its own key. */
function keyOf(secret: string): Buffer {
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
}

/** Undefined for what nobody has to hear of: mere looks, and what is only on its way. */
function eventNameOf({ from, to, rule }: RampTransition): RampEventName | undefined {
  if (rule === "safe_enough" && to.step === from.step && isRunning(to.status) && isRunning(from.status))
    return "waiting";
  if (from.status === to.status && from.step === to.step) return undefined;
  const named = names[to.status];
  if (named !== undefined || !isRunning(to.status)) return named;
  if (from.status === "scheduled" || to.step !== from.step) return "raised";
  return isRunning(from.status) ? undefined : "resumed";
}

const names: Readonly<Partial<Record<RampStatus, RampEventName>>> = {
  scheduled: "started",
  holding: "held",
  paused: "paused",
  rolled_back: "rolled_back",
  completed: "completed",
  aborted: "aborted",
};

function isRunning(status: RampStatus): boolean {
  return status === "warming" || status === "observing";
}

interface Told {
  readonly event: RampEventName;
  readonly transition: RampTransition;
  readonly plan: RampConfig;
  readonly id: string;
}

/** CloudEvents 1.0, structured. */
function cloudEvent({ event, transition, plan, id }: Told) {
  const { at, rule, from, to } = transition;
  const { experimentId, variantId, controlId, steps } = plan;
  const body = {
    specversion: "1.0",
    id,
    source: `/assay/experiments/${encodeURIComponent(experimentId)}/ramp`,
    type: `assay.ramp.${event}`,
    subject: variantId,
    time: new Date(at).toISOString(),
    datacontenttype: "application/json",
    data: {
      experiment: experimentId,
      variant: variantId,
      control: controlId,
      generation: to.generation,
      rule,
      from: from.status,
      to: to.status,
      step: to.step + 1,
      steps: steps.length,
      share: shareOf(transition, plan),
      by: to.by,
      reason: to.reason,
    },
  };
  return { contentType: "application/cloudevents+json", body: JSON.stringify(body) };
}

function slackMessage({ event, transition, plan }: Told) {
  const { to } = transition;
  const where = `step ${to.step + 1} of ${plan.steps.length}, ${percent(shareOf(transition, plan))} of the units`;
  const why = to.reason === undefined ? "" : `: ${to.reason}`;
  const text = `Ramp of ${plan.experimentId}/${plan.variantId} ${event.replace("_", " ")} (${where}) by ${to.by ?? "ramp"}${why}`;
  // Slack takes these three for its own.
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return { contentType: "application/json", body: JSON.stringify({ text: escaped }) };
}

function shareOf({ to }: RampTransition, plan: RampConfig): number {
  const { coverage, weights } = rampShares(to, plan).shares;
  return coverage * (weights[plan.variantId] ?? 0);
}

function digestOf(facts: readonly unknown[], length: number): string {
  return hash("sha256", JSON.stringify(facts)).slice(0, length);
}
