import { rampEventNames } from "../domain/ramp-news.ts";
import { metricMargin, metricUses } from "./schema-metrics.ts";
import type { SchemaNode } from "./schema-node.ts";
import { count, flag, secret, section, text, withoutDefault } from "./schema-node.ts";

export const rampProfiles = ["default", "small"] as const;
/** Monday first. */
export const weekDays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const duration = (description: string, byDefault: string): SchemaNode =>
  text(description, {
    default: byDefault,
    pattern: "^[1-9]\\d{0,4}[smhd]$",
    "x-wanted": "a duration such as `30s`, `10m`, `24h` or `7d`",
  });

const instant = (description: string): SchemaNode =>
  text(description, {
    pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d)?(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$",
    "x-wanted": "a time with its offset, such as `2026-11-22T10:00:00Z`",
  });

const steps: SchemaNode = {
  description: "The steps, their shares rising. The control gets as much as the treatment at each.",
  type: "array",
  minItems: 1,
  maxItems: 20,
  items: {
    description: "One step.",
    type: "object",
    additionalProperties: false,
    required: ["share"],
    properties: {
      share: {
        description: "Share of the units that the treatment gets.",
        type: "number",
        exclusiveMinimum: 0,
        maximum: 0.5,
      },
      least: duration("Time that it must have been observed.", "30m"),
      most: duration("Paused as inconclusive after this time.", "24h"),
      units: count("Units that each arm needs.", 100, { maximum: 1_000_000_000 }),
      requests: count("Requests that each arm needs.", 200, { maximum: 1_000_000_000 }),
      approval: flag("Somebody must approve before the next step.", false),
    },
  },
  "x-otherwise": "those of `profile`",
};

const slos: SchemaNode = {
  ...withoutDefault(
    metricUses(
      "What the treatment must not make worse. Names, or maps.",
      {
        margin: metricMargin(
          "How much worse than the control of the same hour is tolerated: a number, or a percentage of the control's value.",
          "0.01 of a share, 10% of anything else",
        ),
        ceiling: {
          description:
            "A value that neither arm may pass. When both do the ramp holds, for then the treatment is not to blame.",
          type: "number",
          "x-otherwise": "none",
        },
      },
      10,
    ),
  ),
  minItems: 1,
  "x-otherwise": "`error_rate` by 25% with the ceiling 0.2, and `success_rate` by 0.02",
};

const schedule = section("When something may be raised. It never delays a rollback.", {
  start_at: { ...instant("The first step does not begin before."), "x-otherwise": "at once" },
  hours: text("Hours of the day, such as `09:00-17:00`; they may go past midnight.", {
    pattern: "^([01]\\d|2[0-3]):[0-5]\\d-([01]\\d|2[0-3]):[0-5]\\d$",
    "x-wanted": "two times of day such as `09:00-17:00`",
    "x-otherwise": "all day",
  }),
  time_zone: text("IANA name of the zone that `hours` and `days` are in.", { default: "UTC", minLength: 1 }),
  days: {
    description: "Days on which `hours` begin.",
    type: "array",
    minItems: 1,
    uniqueItems: true,
    items: { description: "A day.", enum: [...weekDays] },
    default: [...weekDays],
  },
  freezes: {
    description: "Times in which nothing is raised.",
    type: "array",
    default: [],
    items: {
      description: "One freeze.",
      type: "object",
      additionalProperties: false,
      required: ["from", "to"],
      properties: {
        from: instant("Its begin."),
        to: instant("Its end; the end itself is outside."),
        reason: text("Why.", { default: "freeze" }),
      },
    },
  },
});

/** How a treatment is raised. What only makes sense together is checked by `check-ramp`. */
export const rampSchema: SchemaNode = {
  description:
    "Raises the treatment step by step while it does no harm, and takes it back when it does. Only for experiments with two variants; `coverage` and `weights` are then the ramp's, and nobody meets the treatment before `assay ramp start`.",
  type: "object",
  additionalProperties: false,
  properties: {
    variant: text("Id of the treatment.", { "x-otherwise": "the variant that is not the control" }),
    profile: {
      description: "`default`: 1, 5, 10, 25 and 50 %. `small`, for little traffic: 10, 25 and 50 %.",
      enum: [...rampProfiles],
      default: "default",
    },
    steps,
    holdback: {
      description: "Share of the units that stay with the control once the ramp is complete.",
      type: "number",
      default: 0.05,
      minimum: 0,
      maximum: 0.5,
    },
    slos,
    alpha: {
      description:
        "Probability that a treatment which is no worse than tolerated is rolled back, however often one looks.",
      type: "number",
      default: 0.05,
      exclusiveMinimum: 0,
      maximum: 0.4,
    },
    schedule,
    warm_up_requests: {
      description:
        "What comes before a step's so many-th request of the treatment counts neither for latency nor for cost, in both arms.",
      type: "integer",
      default: 20,
      minimum: 0,
      maximum: 1_000_000,
    },
    notify: {
      description: "Hooks that are told what the ramp does.",
      type: "array",
      default: [],
      maxItems: 20,
      items: {
        description: "One hook.",
        type: "object",
        additionalProperties: false,
        required: ["url"],
        properties: {
          url: { ...secret("Where it is posted to, by http or https."), "x-otherwise": "" },
          secret: secret(
            "Signs every message by HMAC-SHA-256 as Standard Webhooks do; `whsec_` and Base64, or any text.",
          ),
          format: {
            description: "`cloudevents`: CloudEvents 1.0, structured. `slack`: one text.",
            enum: ["cloudevents", "slack"],
            default: "cloudevents",
          },
          on: {
            description: "What it is told.",
            type: "array",
            minItems: 1,
            uniqueItems: true,
            items: { description: "An event.", enum: [...rampEventNames] },
            default: [...rampEventNames],
          },
        },
      },
    },
    gate: {
      description:
        "A query of a Prometheus server that must hold before anything is raised. Where it does not, the ramp holds; it never rolls back by it.",
      type: "object",
      additionalProperties: false,
      required: ["url", "query"],
      properties: {
        url: text("Address of the server, such as `http://127.0.0.1:9090`.", {
          pattern: "^https?://[^\\s/?#@]+(/[^\\s?#]*)?$",
          "x-wanted": "an http or https address without user, query and fragment",
        }),
        query: text("PromQL that gives one value.", { minLength: 1, maxLength: 4000 }),
        below: { description: "It must be below this.", type: "number", "x-otherwise": "`above`" },
        above: { description: "It must be above this.", type: "number", "x-otherwise": "`below`" },
        timeout_ms: count("How long its answer may take.", 5000, { maximum: 30_000 }),
      },
      "x-otherwise": "nobody is asked",
    },
  },
  "x-otherwise": "the shares of the file",
};
