/** One request as the wire has it: whose it is, what it says, and how its client behaves. */
import type { Random } from "../analysis/random.ts";
import type { EligibilityRule, UnitSource } from "../domain/config.ts";
import { type FaultPlan, faultOf } from "./simulate-faults.ts";
import type { Speaker } from "./simulate-input.ts";
import type { TargetExperiment } from "./simulate-target.ts";

export interface SimulatedRequest {
  /** Below the proxy's address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isStream: boolean;
  /** After so many milliseconds its client hangs up, as people do who have waited enough; undefined for never. */
  readonly abandonAfterMs: number | undefined;
}

export interface RequestRules {
  readonly experiment: TargetExperiment;
  readonly speak: Speaker;
  readonly faults: FaultPlan;
  readonly stream: number;
  readonly abandon: number;
}

export interface Whose {
  /** Undefined where the unit is the request itself. */
  readonly unitId: string | undefined;
  readonly sessionId: string;
  /** Of all requests of the simulation, its own. */
  readonly number: number;
}

export function requestOf(rules: RequestRules, whose: Whose, random: Random): SimulatedRequest {
  const { experiment } = rules;
  const isChat = experiment.predict === undefined;
  const isStream = random.bernoulli(rules.stream) && isChat;
  const isAbandoned = random.bernoulli(rules.abandon);
  const patienceMs = Math.round(random.exponential(100));
  const fault = faultOf(rules.faults, random);
  const said = rules.speak(random, whose.number);
  const draft = {
    headers: { "content-type": "application/json" },
    body: isChat ? chatBody(experiment.id, { said, fault, isStream, number: whose.number }) : { ...said },
  };
  const carried = carry(experiment, whose, meetRules(experiment, draft));
  return {
    path: isChat ? "/v1/chat/completions" : `/v1/predict/${encodeURIComponent(experiment.id)}`,
    headers: carried.headers,
    body: JSON.stringify(carried.body),
    isStream,
    abandonAfterMs: isAbandoned ? patienceMs : undefined,
  };
}

interface Draft {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Said {
  readonly said: Readonly<Record<string, unknown>>;
  readonly fault: string | undefined;
  readonly isStream: boolean;
  readonly number: number;
}

function chatBody(id: string, { said, fault, isStream, number }: Said): Readonly<Record<string, unknown>> {
  const messages = Array.isArray(said.messages) ? said.messages : [];
  // The scripted upstream counts the plays of a fault by the message's text: no two requests may say the same.
  const order = { role: "user", content: `This is ticket ${number}. [[fault:${fault}]]` };
  return {
    ...said,
    model: `experiment/${id}`,
    messages: fault === undefined ? messages : [...messages, order],
    ...(isStream ? { stream: true } : {}),
  };
}

/** A header is the surest place: no dialect and no model server looks at it. */
function carry({ unit, unitSources }: TargetExperiment, { unitId, sessionId }: Whose, draft: Draft): Draft {
  const source = unitSources.find(({ kind }) => kind === "header") ?? unitSources[0];
  const inSession = { ...draft, headers: { ...draft.headers, "x-assay-session": sessionId } };
  if (source === undefined || unitId === undefined) return inSession;
  return put(source, unitId, unit === "session" ? draft : inSession);
}

function put(source: UnitSource, value: string, { headers, body }: Draft): Draft {
  switch (source.kind) {
    case "header":
      return { headers: { ...headers, [source.name]: value }, body };
    case "metadata":
      return { headers, body: { ...body, metadata: { ...membersOf(body.metadata), [source.key]: value } } };
    case "body":
      return { headers, body: { ...body, [source.field]: value } };
    case "baggage":
      return { headers: { ...headers, baggage: `${source.key}=${encodeURIComponent(value)}` }, body };
  }
}

/** Those whom the experiment is for: the first value of every list, and something where anything will do. */
function meetRules({ id, eligible }: TargetExperiment, draft: Draft): Draft {
  return eligible.reduce((met, rule) => {
    const value = rule.in?.[0] ?? (rule.exists === true ? "simulated" : undefined);
    return value === undefined ? met : meet(rule.subject, value, { met, id });
  }, draft);
}

function meet(
  subject: EligibilityRule["subject"],
  value: string,
  { met, id }: { readonly met: Draft; readonly id: string },
): Draft {
  if (subject.kind !== "model") return put(subject, value, met);
  // The header names the experiment where the model must be another one.
  return { headers: { ...met.headers, "x-assay-experiment": id }, body: { ...met.body, model: value } };
}

function membersOf(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}
