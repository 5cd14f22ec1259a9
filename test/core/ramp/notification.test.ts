import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { newsOf, switchNews } from "../../../src/core/ramp/news.ts";
import { nextRampState } from "../../../src/core/ramp/next-state.ts";
import { hookName, notificationsOf, signatureHeaders } from "../../../src/core/ramp/notification.ts";
import { orderedRampState } from "../../../src/core/ramp/order.ts";
import { settledRampState } from "../../../src/core/ramp/settle.ts";
import type { KillScope } from "../../../src/domain/control.ts";
import type { RampState, RampTransition } from "../../../src/domain/ramp.ts";
import { type RampHook, rampEventNames } from "../../../src/domain/ramp-news.ts";
import { secretOf } from "../experiment-fixture.ts";
import {
  lookMs,
  minuteMs,
  noon,
  observing,
  orderOf,
  rampWith,
  readingsWith,
  sloReading,
  startOf,
  stepWith,
} from "./ramp-fixture.ts";

const plan = rampWith();
const hook: RampHook = {
  url: secretOf("https://hooks.example/T0/B0/token"),
  secret: secretOf("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
  format: "cloudevents",
  on: rampEventNames,
};

function look(state: RampState, change: Parameters<typeof readingsWith>[0] = {}): RampTransition {
  const made = nextRampState(state, plan, readingsWith(change), noon + lookMs);
  assert.ok(made);
  return made;
}

function ordered(state: RampState, order: Parameters<typeof orderedRampState>[2]): RampTransition {
  const made = orderedRampState(state, plan, order, noon);
  assert.equal(made.kind, "transition");
  return made as RampTransition;
}

const told = (transition: RampTransition | undefined, hooks: readonly RampHook[], of = plan) => {
  const news = transition && newsOf(transition, of);
  return news === undefined ? [] : notificationsOf(news, hooks);
};
const eventsOf = (transition: RampTransition | undefined, of = plan) =>
  told(transition, [hook], of).map(({ event }) => event);

describe("what hooks are told", () => {
  test("is every decision that changes something, and no mere look", () => {
    const state = observing(plan);
    const harm = look(state, { slos: [sloReading({ verdict: "harm" })] });
    assert.deepEqual(eventsOf(look(state)), []);
    assert.deepEqual(eventsOf(look({ ...state, status: "warming" })), []);
    assert.deepEqual(eventsOf(look({ ...state, observedMs: 60 * minuteMs })), ["raised"]);
    assert.deepEqual(eventsOf(look(state, { dataProblems: ["silence"] })), ["held"]);
    assert.deepEqual(eventsOf(harm), ["rolled_back"]);
    assert.deepEqual(eventsOf(settledRampState(harm.to, noon)), []);
    assert.deepEqual(eventsOf(ordered(observing(plan, { status: "draft" }), startOf())), ["started"]);
    assert.deepEqual(eventsOf(look(observing(plan, { status: "scheduled" }))), ["raised"]);
    assert.deepEqual(eventsOf(ordered(state, orderOf("pause"))), ["paused"]);
    assert.deepEqual(eventsOf(ordered(observing(plan, { status: "paused" }), orderOf("resume"))), [
      "resumed",
    ]);
    assert.deepEqual(eventsOf(ordered(state, orderOf("abort"))), ["aborted"]);
  });

  test("is a rollback as soon as its kill is in force, with the rule that decided it", () => {
    const harm = look(observing(plan), { slos: [sloReading({ verdict: "harm" })] });
    const [made] = told(harm, [hook]);
    const { rule, share, from, to } = JSON.parse(made?.body ?? "{}").data;
    assert.deepEqual([rule, share, from, to], ["confirmed_harm", 0, "observing", "rolling_back"]);
  });

  test("is that somebody has to approve", () => {
    const asking = rampWith({ steps: [stepWith({ asksApproval: true }), stepWith({ share: 0.5 })] });
    const state = observing(asking, { observedMs: 60 * minuteMs });
    const made = nextRampState(state, asking, readingsWith(), noon + lookMs);
    assert.deepEqual(eventsOf(made, asking), ["waiting"]);
  });

  test("is what the hook listens to alone", () => {
    const paused = ordered(observing(plan), orderOf("pause"));
    assert.deepEqual(told(paused, [{ ...hook, on: ["rolled_back"] }]), []);
  });
});

describe("an operator's kill switch", () => {
  const at = noon;
  const ramps = [
    { state: observing(plan), plan },
    { state: observing(plan, { experimentId: "other" }), plan: rampWith({ experimentId: "other" }) },
  ];
  const order = { by: "ada", reason: "it swears" };
  const coveredBy = (scope: Parameters<typeof switchNews>[1]["scope"]) =>
    switchNews("killed", { scope, ...order }, { ramps, switches: [], at }).map(
      ({ experimentId }) => experimentId,
    );

  test("is news of every ramp that it covers, and of no other", () => {
    assert.deepEqual(coveredBy({ kind: "all" }), ["tone", "other"]);
    assert.deepEqual(coveredBy({ kind: "experiment", experimentId: "other" }), ["other"]);
    assert.deepEqual(coveredBy({ kind: "variant", experimentId: "tone", variantId: "candidate" }), ["tone"]);
    assert.deepEqual(coveredBy({ kind: "experiment", experimentId: "third" }), []);
  });

  test("says that nobody meets the treatment, who did it and why; lifted, that its share is back", () => {
    const scope = { kind: "variant", experimentId: "tone", variantId: "candidate" } as const;
    const standing = (...scopes: readonly KillScope[]) => {
      const switches = scopes.map((one) => ({ scope: one, source: "admin", ...order, at }) as const);
      return { ramps, switches, at };
    };
    const [killed] = switchNews("killed", { scope, ...order }, standing(scope));
    assert.ok(killed);
    const [message] = notificationsOf(killed, [{ ...hook, format: "slack" }]);
    assert.equal(
      JSON.parse(message?.body ?? "{}").text,
      'Ramp of tone/candidate killed (step 1 of 3, 0 % of the units) by ada: variant "candidate": it swears',
    );
    const [revived] = switchNews("revived", { scope, ...order }, standing());
    assert.equal(revived?.share, 0.1);
    assert.equal(revived?.to, "observing");
    // Another one stands still.
    const [first] = switchNews("revived", { scope, ...order }, standing({ kind: "all" }));
    assert.equal(first?.share, 0);
  });
});

describe("a notification", () => {
  const [cloud] = told(ordered(observing(plan), orderOf("pause")), [hook]);
  assert.ok(cloud);

  test("is a CloudEvent 1.0 with the required attributes", () => {
    assert.equal(cloud.contentType, "application/cloudevents+json");
    const event = JSON.parse(cloud.body);
    assert.equal(event.specversion, "1.0");
    assert.equal(event.id, cloud.id);
    assert.equal(event.type, "assay.ramp.paused");
    assert.equal(event.source, "/assay/experiments/tone/ramp");
    assert.equal(event.data.share, 0.1);
    assert.equal(event.data.by, "ada");
    assert.deepEqual(Object.keys(event.data).toSorted(), [
      "by",
      "control",
      "experiment",
      "from",
      "generation",
      "reason",
      "rule",
      "share",
      "step",
      "steps",
      "to",
      "variant",
    ]);
  });

  test("of a completed ramp counts everybody but the holdback", () => {
    const done = settledRampState(observing(plan, { status: "completing", step: 2 }), noon);
    const [made] = told(done, [hook]);
    assert.equal(JSON.parse(made?.body ?? "{}").data.share, 1 - plan.holdback);
  });

  test("is a text for Slack, in which nobody can hide a link", () => {
    const order = { kind: "pause", by: "ada", reason: "see <http://evil|here> & there" } as const;
    const made = told(ordered(observing(plan), order), [{ ...hook, format: "slack" }]);
    const { text } = JSON.parse(made[0]?.body ?? "{}");
    assert.equal(
      text,
      "Ramp of tone/candidate paused (step 1 of 3, 10 % of the units) by ada: see &lt;http://evil|here&gt; &amp; there",
    );
  });

  test("is signed as Standard Webhooks are, over id, time and body", () => {
    const headers = signatureHeaders(cloud, hook, 1_700_000_000_999);
    const key = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
    const signed = createHmac("sha256", key).update(`${cloud.id}.1700000000.${cloud.body}`).digest("base64");
    assert.deepEqual(headers, {
      "webhook-id": cloud.id,
      "webhook-timestamp": "1700000000",
      "webhook-signature": `v1,${signed}`,
    });
    assert.equal(signatureHeaders(cloud, { ...hook, secret: undefined }, 0)["webhook-signature"], undefined);
  });

  test("agrees with the example of the specification's reference libraries", () => {
    const example = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' };
    const headers = signatureHeaders(example, hook, 1_614_265_330_000);
    assert.equal(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test("tells neither the address nor the secret of its hook", () => {
    assert.ok(!JSON.stringify(cloud).includes("hooks.example"));
    assert.equal(cloud.hook, hookName(hook));
  });
});
