import type { SchemaNode } from "./schema-node.ts";
import { count, idNames, text } from "./schema-node.ts";

const oneOf = (description: string, values: readonly string[], byDefault: string): SchemaNode => ({
  description,
  enum: values,
  default: byDefault,
});

const bound = (description: string): SchemaNode => ({
  description,
  type: "number",
  "x-otherwise": "no bound",
});

/** One metric of outcomes. What only makes sense together is checked by `check-metrics`. */
export const metricSchema: SchemaNode = {
  description: "One metric that outcomes are sent for. Names of built-in metrics are taken.",
  type: "object",
  additionalProperties: false,
  required: ["kind"],
  properties: {
    kind: {
      description:
        "How a value is read: `boolean`, `number`, `category` (one of `categories`), or `correctness` (the true label, compared with the request's prediction).",
      enum: ["boolean", "number", "category", "correctness"],
    },
    description: text("What it measures.", { default: "" }),
    better: oneOf("Which way is better.", ["higher", "lower"], "higher"),
    per: oneOf(
      "What the sum of the values is divided by: `outcome`, the outcomes that came; `request` or `unit`, all of these, where one without an outcome counts 0.",
      ["outcome", "request", "unit"],
      "outcome",
    ),
    combine: oneOf(
      "What several values for one request, session or unit become.",
      ["last", "first", "sum", "mean", "max"],
      "last",
    ),
    minimum: bound("Smallest number that is taken; a smaller one is refused."),
    maximum: bound("Largest number that is taken; a larger one is refused."),
    categories: {
      description: "What each category counts, such as `{ good: 1, so_so: 0, bad: 0 }`.",
      type: "object",
      minProperties: 1,
      maxProperties: 50,
      propertyNames: {
        type: "string",
        pattern: "^\\S(.{0,62}\\S)?$",
        "x-wanted": "1 to 64 characters, without spaces at its ends",
      },
      additionalProperties: { type: "number" },
      "x-otherwise": "none",
    },
    cap: {
      description: "What a unit counts at most, so that a single one cannot decide.",
      type: "number",
      "x-otherwise": "the 99.9th percentile",
    },
    window: {
      ...text("How long after its request an outcome still counts: minutes, hours or days.", {
        pattern: "^[1-9]\\d{0,4}[mhd]$",
        "x-wanted": "a duration such as `30m`, `24h` or `7d`",
        "x-otherwise": "any time; what has come counts at once",
      }),
    },
  },
};

export const metricMargin = (description: string, otherwise: string): SchemaNode => ({
  description,
  type: ["number", "string"],
  pattern: "^\\d{1,9}(\\.\\d{1,9})?%?$",
  "x-wanted": "a number such as 0.01, or a percentage of the control's value such as 10%",
  "x-otherwise": otherwise,
});

/** Metrics that something is made of, each a name or a map with the name and `more`. */
export const metricUses = (
  description: string,
  more: Readonly<Record<string, SchemaNode>>,
  maxItems: number,
): SchemaNode => ({
  description,
  type: "array",
  default: [],
  maxItems,
  items: {
    description: "A metric's name, or a map with it.",
    type: ["string", "object"],
    if: { type: "string" },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, in data that nobody awaits
    then: { minLength: 1 },
    else: {
      additionalProperties: false,
      required: ["metric"],
      properties: {
        metric: { ...idNames, description: "Name of a metric, built-in or of `metrics`." },
        ...more,
      },
    },
  },
});

/** How one experiment is judged. */
export const analysisSchema: SchemaNode = {
  description: "How the experiment is judged. None of it moves a unit to another variant.",
  type: "object",
  default: {},
  additionalProperties: false,
  properties: {
    goals: metricUses(
      "Metrics that decide: a treatment wins when one of them is better. Names, or maps.",
      {
        smallest_effect: metricMargin("The smallest effect that matters, for plans.", "not planned for"),
      },
      20,
    ),
    guardrails: metricUses(
      "Metrics that must not get worse by more than a margin. Names, or maps.",
      {
        margin: metricMargin(
          "The largest harm that is tolerated: a number, or a percentage of the control's value: also of a share, where 10% of a control at 2 % is 0.2 points.",
          "0.01 of a share, 10% of anything else",
        ),
      },
      20,
    ),
    alpha: {
      description: "Probability of a false winner over the whole experiment, however often one looks.",
      type: "number",
      default: 0.05,
      exclusiveMinimum: 0,
      maximum: 0.5,
    },
    planned_units: count(
      "Units of all variants together that are planned for; intervals are tightest there.",
      10_000,
      { minimum: 2, maximum: 1_000_000_000 },
    ),
    minimum_units: count("Units a variant needs before its effect is shown.", 30, {
      minimum: 2,
      maximum: 1_000_000_000,
    }),
  },
};
