import { defaultPredictionPath } from "../core/prediction.ts";
import { guardrailNames } from "./schema-guardrails.ts";
import { analysisSchema } from "./schema-metrics.ts";
import type { SchemaNode } from "./schema-node.ts";
import {
  flag,
  idNames,
  milliseconds,
  modelNames,
  named,
  secret,
  section,
  share,
  text,
  withoutDefault,
} from "./schema-node.ts";
import { rampSchema } from "./schema-ramp.ts";

const unitTypes = ["user", "org", "session", "request"];

const unit: SchemaNode = {
  description:
    "What is randomised: its type, or `{ type, from }` with the places where its id is looked for.",
  type: ["string", "object"],
  default: "user",
  if: { type: "string" },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, in data that nobody awaits
  then: { enum: unitTypes },
  else: {
    additionalProperties: false,
    required: ["type"],
    properties: {
      type: { description: "Type of the unit.", enum: unitTypes },
      from: {
        description:
          "Places in order, the first found wins: `header:<name>`, `metadata.<key>`, `user`, `safety_identifier`, `prompt_cache_key`, `baggage:<key>`.",
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: text("One place.", {
          pattern:
            "^(header:[!#$%&'*+.^_`|~0-9A-Za-z-]+|metadata\\.[^\\s]{1,64}|baggage:[!#$%&'*+.^_`|~0-9A-Za-z-]+|user|safety_identifier|prompt_cache_key)$",
          "x-wanted":
            "`header:<name>`, `metadata.<key>`, `baggage:<key>`, `user`, `safety_identifier` or `prompt_cache_key`",
        }),
        "x-otherwise": "the places of that type",
      },
    },
  },
};

const stringList = (description: string): SchemaNode => ({
  description,
  type: "array",
  minItems: 1,
  uniqueItems: true,
  items: text("One value."),
  "x-otherwise": "not asked",
});

const eligible: SchemaNode = {
  description: "Rules that must all hold for a request to be in the experiment; others get the incumbent.",
  type: "array",
  default: [],
  items: {
    description: "One rule: one of `model`, `header`, `metadata`, and what its value must be.",
    type: "object",
    additionalProperties: false,
    properties: {
      model: {
        description: "`model: true` asks about the model that the client named.",
        enum: [true, null],
        "x-otherwise": "not asked",
      },
      header: text("Name of the request header that is asked about.", {
        pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        "x-wanted": "a header's name",
        "x-otherwise": "not asked",
      }),
      metadata: text("Key of the request's `metadata` that is asked about.", {
        minLength: 1,
        "x-otherwise": "not asked",
      }),
      in: stringList("The value is one of these."),
      not_in: stringList("The value is none of these."),
      exists: { description: "The value is there, or is not.", type: "boolean", "x-otherwise": "not asked" },
    },
  },
};

const variant: SchemaNode = {
  description: "One variant: model, prompt version, parameters.",
  type: "object",
  additionalProperties: false,
  properties: {
    weight: {
      description: "Relative share of the units.",
      type: "number",
      default: 1,
      minimum: 0,
      maximum: 1_000_000,
    },
    model: {
      ...modelNames,
      description:
        "The model that answers; chat needs it. Beside `url`, the version that stands in answers which tell none.",
      "x-otherwise": "beside `url`, the variant's id",
    },
    url: text(
      "Address of the model server that answers, in experiments with `predict`. It stands for an upstream with `dialect: json` and default budgets.",
      {
        pattern: "^https?://[^\\s/?#@]+(/[^\\s?#]*)?$",
        "x-wanted":
          "an http or https address without user, query and fragment, such as http://127.0.0.1:9000/predict",
        "x-otherwise": "the upstream of `model`",
      },
    ),
    prompt: text("`name@version` of a file in `prompts/`.", {
      pattern: "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}@[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$",
      "x-wanted": "`name@version`",
      "x-otherwise": "the client's messages as they are",
    }),
    guardrails: guardrailNames("Guardrails of this variant, beside those of the experiment."),
    parameters: {
      description: "Members of the request body that replace the client's own, such as `temperature`.",
      type: "object",
      default: {},
      additionalProperties: true,
    },
  },
};

const layer: SchemaNode = {
  description:
    "Experiments of one layer exclude each other; each takes a slice of the layer's line of units.",
  type: "object",
  additionalProperties: false,
  required: ["name", "start", "end"],
  properties: {
    name: { ...idNames, description: "The layer that this experiment belongs to." },
    start: { description: "Where the slice begins, from 0 to 1.", type: "number", minimum: 0, maximum: 1 },
    end: {
      description: "Where the slice ends; the end itself is outside.",
      type: "number",
      minimum: 0,
      maximum: 1,
    },
  },
  "x-otherwise": "no layer",
};

const output = section("What an answer must look like, and what happens when it does not.", {
  schema: {
    description:
      "JSON Schema of the message content, or of a model server's answer: a path relative to this file, or the schema itself.",
    type: ["string", "object"],
    minLength: 1,
    additionalProperties: true,
    "x-otherwise": "content is not checked",
  },
  check_tool_calls: flag("Check tool-call arguments against the request's `tools`.", false),
  check_response_format: flag(
    "Check the content by the client's `response_format` where the experiment has no `schema`.",
    false,
  ),
  send_response_format: flag("Send the schema as `response_format` when the client sent none.", false),
  on_invalid: {
    description: "What an invalid answer leads to.",
    enum: ["retry", "repair", "fallback", "pass", "error"],
    default: "error",
  },
  max_repairs: {
    description: "Further attempts that `retry` and `repair` may make.",
    type: "integer",
    default: 1,
    minimum: 0,
    maximum: 5,
  },
  stream_mode: {
    description:
      "`passthrough` sends chunks as they come; `buffer` waits for the whole answer, which retry, repair and fallback of a stream need; `validate_at_end` passes chunks and ends an invalid stream with an error.",
    enum: ["passthrough", "buffer", "validate_at_end"],
    default: "passthrough",
  },
});

const fallback: SchemaNode = {
  description: "What is tried in order when the assigned variant cannot answer.",
  type: "array",
  default: [],
  items: {
    description: "One target: exactly one of these keys.",
    type: "object",
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    properties: {
      variant: text("Another variant of this experiment.", { "x-otherwise": "not used" }),
      model: {
        ...modelNames,
        description: "Another model, with the assigned variant's prompt.",
        "x-otherwise": "not used",
      },
      answer: text("A ready answer's content.", { "x-otherwise": "not used" }),
    },
  },
};

const predict: SchemaNode = {
  description:
    "Makes it an experiment on predictions: model servers that speak plain JSON, asked by `POST /v1/predict/<id>`.",
  type: "object",
  additionalProperties: false,
  properties: {
    input: {
      description:
        "JSON Schema of the input, which is the request's body: a path relative to this file, or the schema itself.",
      type: ["string", "object"],
      minLength: 1,
      additionalProperties: true,
      "x-otherwise": "any JSON object",
    },
    prediction_path: text("JSON Pointer to the prediction in a server's answer.", {
      default: defaultPredictionPath,
      pattern: "^(/([^~/]|~[01])+)+$",
      "x-wanted": "a JSON Pointer such as /prediction or /predictions/0",
    }),
  },
  "x-otherwise": "an experiment on chat",
};

export const experimentSchema: SchemaNode = {
  description:
    "One experiment. Clients name it by `match.models` or as `experiment/<id>`; one on predictions by its path.",
  type: "object",
  additionalProperties: false,
  required: ["variants"],
  properties: {
    description: text("The question that it answers.", { default: "" }),
    salt: text("Seed of the hash. A new salt draws the units anew.", {
      minLength: 1,
      maxLength: 256,
      "x-otherwise": "the id",
    }),
    hash: {
      description: "How a unit becomes a position; the others agree with the SDK they are named after.",
      enum: ["assay_v1", "growthbook_v2", "unleash_murmur3", "optimizely_murmur3"],
      default: "assay_v1",
    },
    hash_secret: secret("Makes positions unguessable by an HMAC; with `assay_v1` only."),
    unit,
    match: section("Which requests are the experiment's, beside `experiment/<id>`.", {
      models: {
        description: "Model names of callers.",
        type: "array",
        default: [],
        uniqueItems: true,
        items: { ...modelNames, description: "A model name." },
      },
    }),
    eligible,
    coverage: share("Share of the units that is in the experiment.", 1),
    holdout: share("Share of the units that is kept out, at the control's end.", 0),
    layer,
    rerandomise: flag("Says that this change may move units to another variant; it needs a new salt.", false),
    variants: withoutDefault(named("The variants, by id.", idNames, variant)),
    control: text("Id of the control.", { default: "control" }),
    allow_pins: flag("Whether clients may pin a variant by `experiment/<id>@<variant>`.", true),
    expose_assignment: flag("Whether responses tell experiment and variant in `x-assay-*` headers.", true),
    predict,
    output,
    fallback,
    guardrails: guardrailNames("Guardrails of all variants, by their names in `guardrails`."),
    budgets: section("Limits on the whole request.", {
      total_ms: milliseconds("From the request's arrival to the end of its answer.", 120_000),
    }),
    analysis: analysisSchema,
    ramp: rampSchema,
  },
};
