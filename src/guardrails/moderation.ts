/** Asks a moderation endpoint (OpenAI API, `POST /moderations`) about each text. */
import type { SchemaNode } from "../config/schema-node.ts";
import { count, milliseconds, modelNames, text } from "../config/schema-node.ts";
import { isObject } from "../core/chat-completion.ts";
import { RememberedAnswers } from "../core/remembered-answers.ts";
import type { CancelSignal } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import type { CheckParts, GuardrailSubject, Judgement } from "../domain/guardrail.ts";
import { askedRoles, askedTexts } from "./asked-texts.ts";
import type { CheckDefinition } from "./check-definition.ts";

interface Settings {
  readonly upstream?: string;
  readonly model: string;
  readonly categories?: Readonly<Record<string, number | boolean>>;
  readonly threshold?: number;
  readonly roles: readonly string[];
  readonly max_chars: number;
  readonly cache_entries: number;
  readonly cache_ttl_ms: number;
}

const score = (description: string): SchemaNode => ({
  description,
  type: "number",
  exclusiveMinimum: 0,
  maximum: 1,
});

export const moderation: CheckDefinition<Settings> = {
  description: "Asks a moderation endpoint, which tells categories such as hate and violence.",
  stages: ["input", "output"],
  actions: ["block", "flag"],
  isRemote: true,
  settings: {
    upstream: text("The upstream that is asked.", { "x-otherwise": "the upstream of the model" }),
    model: {
      ...modelNames,
      description: "The model that is asked.",
      default: "omni-moderation-latest",
    },
    threshold: {
      ...score("A score from which on a category counts, in place of the endpoint's own judgement."),
      "x-otherwise": "what the endpoint flags",
    },
    categories: {
      description:
        "The categories that count, by the endpoint's names: `true`, or a threshold of their own. The others do not.",
      type: "object",
      minProperties: 1,
      additionalProperties: {
        description: "`true`, or a threshold.",
        type: ["number", "boolean"],
        exclusiveMinimum: 0,
        maximum: 1,
      },
      "x-otherwise": "all",
    },
    roles: askedRoles,
    max_chars: count("Characters of one piece; a longer text is asked about in pieces.", 20_000, {
      minimum: 1000,
    }),
    cache_entries: count("Answers that are remembered, by a hash of the text.", 1000, {
      minimum: 0,
      maximum: 1_000_000,
    }),
    cache_ttl_ms: milliseconds("How long an answer is remembered.", 300_000),
  },
  problems: ({ categories = {} }) =>
    Object.entries(categories).flatMap(([name, value]) =>
      value === false
        ? [{ path: ["categories", name], message: `\`${name}: false\` says nothing; leave it out` }]
        : [],
    ),
  references: ({ upstream, model }) => ({ upstream, model }),
  create: (settings, parts) => {
    const { cache_entries: maxEntries, cache_ttl_ms: ttlMs } = settings;
    const memory = new RememberedAnswers({
      ask: (input, signal) => moderated(settings, parts, { input, signal }),
      maxTexts,
      maxEntries,
      ttlMs,
      now: parts.now,
    });
    return {
      windowChars: undefined,
      judge: (subject, { signal }) => judge(settings, subject, { memory, signal }),
    };
  },
};

/** The names of the categories that a piece of text was found in. */
type Hits = readonly string[];

async function judge(
  settings: Settings,
  subject: GuardrailSubject,
  { memory, signal }: { readonly memory: RememberedAnswers<Hits>; readonly signal: CancelSignal },
): Promise<Judgement> {
  const texts = askedTexts(subject, settings.roles);
  if (texts.length === 0) return { kind: "not_evaluated", reason: "no text" };
  const pieces = [...new Set(texts.flatMap((each) => piecesOf(each, settings.max_chars)))];
  // What is too much to be asked about has no verdict: to let it pass would show the way around.
  if (pieces.length > maxPieces) {
    throw unusable(`has ${pieces.length} pieces of text to ask about, at most ${maxPieces}; raise max_chars`);
  }
  const hits = new Set((await memory.answersTo(pieces, signal)).flat());
  return hits.size === 0 ? { kind: "pass" } : { kind: "found", reason: [...hits].toSorted().join(", ") };
}

/** Texts of one question, and pieces of one evaluation. */
const maxTexts = 32;
const maxPieces = 8 * maxTexts;
/** Pieces overlap, so that what is said at a cut is whole in one of them. */
const overlapChars = 200;

function piecesOf(whole: string, maxChars: number): readonly string[] {
  const pieces: string[] = [];
  for (let start = 0; ; start += maxChars - overlapChars) {
    pieces.push(whole.slice(start, start + maxChars).toWellFormed());
    if (start + maxChars >= whole.length) return pieces;
  }
}

async function moderated(
  settings: Settings,
  { ask }: CheckParts,
  { input, signal }: { readonly input: readonly string[]; readonly signal: CancelSignal },
): Promise<readonly Hits[]> {
  const { upstream, model } = settings;
  const answer = await ask({ upstream, model, path: "/moderations", body: { input }, signal });
  const results = isObject(answer) && Array.isArray(answer.results) ? answer.results : [];
  if (results.length !== input.length) {
    throw unusable(`got ${results.length} results for ${input.length} texts`);
  }
  return results.map((result) => hitsOf(result, settings));
}

/** Categories that we do not know, and that no setting names, do no harm. */
function hitsOf(result: unknown, { categories, threshold }: Settings): Hits {
  if (!isObject(result)) throw unusable("got a result that is no object");
  const flags = isObject(result.categories) ? result.categories : {};
  const scores = isObject(result.category_scores) ? result.category_scores : {};
  const isHit = (name: string, least: number | undefined): boolean =>
    least === undefined ? flagOf(flags, name) : scoreOf(scores, name) >= least;

  if (categories !== undefined) {
    const chosen = Object.entries(categories);
    return chosen.flatMap(([name, own]) => {
      return isHit(name, typeof own === "number" ? own : threshold) ? [name] : [];
    });
  }
  if (threshold !== undefined) {
    const scored = Object.keys(scores).filter((name) => typeof scores[name] === "number");
    if (scored.length === 0) throw unusable("got a result without category_scores");
    return named(scored.filter((name) => isHit(name, threshold)));
  }
  if (typeof result.flagged !== "boolean") throw unusable("got a result without flagged");
  if (!result.flagged) return [];
  const flagged = named(Object.keys(flags).filter((name) => flags[name] === true));
  return flagged.length === 0 ? [otherCategory] : flagged;
}

function flagOf(flags: Readonly<Record<string, unknown>>, name: string): boolean {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (typeof flag === "boolean") return flag;
  throw unusable(`got a result without category "${name}"; check its name`);
}

function scoreOf(scores: Readonly<Record<string, unknown>>, name: string): number {
  const found = Object.hasOwn(scores, name) ? scores[name] : undefined;
  if (typeof found === "number") return found;
  throw unusable(`got a result without a score for category "${name}"; check its name`);
}

/** A reason holds our own words: a name of the endpoint's is kept only where OpenAI's documentation has it. */
function named(names: readonly string[]): Hits {
  return [...new Set(names.map((name) => (knownCategories.has(name) ? name : otherCategory)))];
}

const otherCategory = "another category";
const knownCategories = new Set([
  "harassment",
  "harassment/threatening",
  "hate",
  "hate/threatening",
  "illicit",
  "illicit/violent",
  "self-harm",
  "self-harm/instructions",
  "self-harm/intent",
  "sexual",
  "sexual/minors",
  "violence",
  "violence/graphic",
]);

function unusable(what: string): Failure {
  return new Failure("guardrail_failed", `A guardrail's moderation ${what}.`);
}
