/** What hooks are told of a ramp, and in which form. */
import { createHmac, hash } from "node:crypto";
import type { Notification, RampHook, RampNews } from "../../domain/ramp-news.ts";
import { percent } from "../line.ts";

/** One for each hook that listens to it. */
export function notificationsOf(news: RampNews, hooks: readonly RampHook[]): readonly Notification[] {
  const { event, at, experimentId, generation, step } = news;
  return hooks.flatMap((hook) => {
    if (!hook.on.includes(event)) return [];
    const name = hookName(hook);
    const id = `ramp_${digestOf([experimentId, generation, at, event, step, name], 24)}`;
    const message = hook.format === "slack" ? slackMessage(news) : cloudEvent(news, id);
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

/** CloudEvents 1.0, structured. */
function cloudEvent(news: RampNews, id: string) {
  const { event, at, experimentId, variantId, controlId, step, ...facts } = news;
  const body = {
    specversion: "1.0",
    id,
    source: `/assay/experiments/${encodeURIComponent(experimentId)}/ramp`,
    type: `assay.ramp.${event}`,
    subject: variantId,
    time: new Date(at).toISOString(),
    datacontenttype: "application/json",
    data: { experiment: experimentId, variant: variantId, control: controlId, step: step + 1, ...facts },
  };
  return { contentType: "application/cloudevents+json", body: JSON.stringify(body) };
}

function slackMessage({ event, experimentId, variantId, step, steps, share, by, reason }: RampNews) {
  const where = `step ${step + 1} of ${steps}, ${percent(share)} of the units`;
  const why = reason === undefined ? "" : `: ${reason}`;
  const text = `Ramp of ${experimentId}/${variantId} ${event.replace("_", " ")} (${where}) by ${by ?? "ramp"}${why}`;
  // Slack takes these three for its own.
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return { contentType: "application/json", body: JSON.stringify({ text: escaped }) };
}

function digestOf(facts: readonly unknown[], length: number): string {
  return hash("sha256", JSON.stringify(facts)).slice(0, length);
}
