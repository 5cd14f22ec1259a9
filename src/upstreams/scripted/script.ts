import { type Behaviour, type BehaviourOrder, parseBehaviour } from "./behaviour.ts";
import { createRandom } from "./random.ts";
import { lastUserText, type ScriptedRequest } from "./request.ts";

/** A queue, one behaviour for each request and good answers after it; or a decision for every request. */
export type ScriptEntry = readonly Behaviour[] | ((request: ScriptedRequest) => Behaviour);

/** By model; `*` stands for the models that have no entry of their own. */
export type Script = Readonly<Record<string, ScriptEntry>>;

export interface Chooser {
  setScript(script: Script): void;
  /** Throws `invalid_value` when the request asks for a fault that does not exist. */
  choose(request: ScriptedRequest): Behaviour;
}

const goodAnswer: Behaviour = { kind: "answer" };

/** The first `times` requests get the behaviour, all later ones a good answer. */
export function failFirst(times: number, behaviour: Behaviour): ScriptEntry {
  return Array.from({ length: times }, () => behaviour);
}

/** Each request gets the behaviour with this probability, 0 to 1; the seed decides which ones. */
export function withProbability(probability: number, behaviour: Behaviour, seed: number): ScriptEntry {
  const random = createRandom(seed);
  return () => (random() < probability ? behaviour : goodAnswer);
}

/**
 * What the request itself asks for (header, then the user's words, then the model's name) goes before the
 * script.
 */
export function createChooser(): Chooser {
  let script: Script = {};
  let taken = new Map<string, number>();
  const isDue = createCounter();

  const fromScript = (request: ScriptedRequest): Behaviour => {
    const key = Object.hasOwn(script, request.model) ? request.model : "*";
    const entry = script[key];
    if (entry === undefined) return goodAnswer;
    if (typeof entry === "function") return entry(request);
    const position = taken.get(key) ?? 0;
    taken.set(key, position + 1);
    return entry[position] ?? goodAnswer;
  };

  return {
    setScript: (next) => {
      script = next;
      taken = new Map();
    },
    choose: (request) => {
      const asked = askedFor(request);
      if (asked === undefined) return fromScript(request);
      const { onlyModel, behaviour } = asked.order;
      if (onlyModel !== undefined && onlyModel !== request.model) return goodAnswer;
      return isDue(asked) ? behaviour : goodAnswer;
    },
  };
}

interface Asked {
  readonly order: BehaviourOrder;
  /** What makes two requests the same question: a retry repeats it, and so does a repair. */
  readonly root: string;
  readonly answersSince: number;
}

const modelPrefix = "scripted-fault:";
/** What the model says may hold other orders in double brackets, such as the judge's. */
const directive = /\[\[fault:((?:\[\[[^[\]]{1,200}\]\]|\](?!\])|[^\]]){1,4000})\]\]/;

function askedFor(request: ScriptedRequest): Asked | undefined {
  const header = request.headers["x-scripted-fault"];
  if (typeof header === "string" && header !== "") return askedOf(request, header);
  const spoken = spokenOrder(request);
  if (spoken !== undefined) return spoken;
  if (!request.model.startsWith(modelPrefix)) return undefined;
  return askedOf(request, request.model.slice(modelPrefix.length));
}

function askedOf(request: ScriptedRequest, text: string): Asked {
  const first = request.messages.findIndex((message) => message.role === "user");
  const root = request.messages[first]?.text ?? "";
  return { order: parseBehaviour(text), root, answersSince: answersAfter(request, first) };
}

/**
 * A directive counts in the user's last message; an older one has had its effect. The exception is
 * `wrong_schema`: a repair puts its correction behind the question, as a user message of its own.
 */
function spokenOrder(request: ScriptedRequest): Asked | undefined {
  const last = directive.exec(lastUserText(request))?.[1];
  const at = request.messages.findLastIndex(
    ({ role, text }) =>
      role === "user" && directive.test(text) && (last !== undefined || text.includes("wrong_schema")),
  );
  const root = request.messages[at]?.text ?? "";
  const order = last ?? directive.exec(root)?.[1];
  if (order === undefined) return undefined;
  return { order: parseBehaviour(order), root, answersSince: answersAfter(request, at) };
}

function answersAfter(request: ScriptedRequest, position: number): number {
  return request.messages.slice(position + 1).filter((message) => message.role === "assistant").length;
}

/** Distinct questions whose plays are counted; the oldest is forgotten beyond it. */
const maxCounted = 1000;

/** Says whether an order is still to be played, and counts it. A well answered question starts from zero. */
function createCounter(): (asked: Asked) => boolean {
  const played = new Map<string, number>();
  return ({ order, root, answersSince }) => {
    if (order.times === Number.POSITIVE_INFINITY) return true;
    const key = `${order.text}\n${root}`;
    const count = played.get(key) ?? 0;
    played.delete(key);
    if (Math.max(count, answersSince) >= order.times) return false;
    played.set(key, count + 1);
    const oldest = played.keys().next().value;
    if (played.size > maxCounted && oldest !== undefined) played.delete(oldest);
    return true;
  };
}
