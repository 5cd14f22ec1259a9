import { experimentSchema } from "./schema-experiments.ts";
import { guardrailSchema } from "./schema-guardrails.ts";
import { metricSchema } from "./schema-metrics.ts";
import type { SchemaNode } from "./schema-node.ts";
import {
  count,
  idNames,
  milliseconds,
  modelNames,
  named,
  secret,
  section,
  share,
  text,
} from "./schema-node.ts";
import { redactionSchema } from "./schema-redaction.ts";
import { storeSchema } from "./schema-store.ts";
import { upstreamSchema } from "./schema-upstreams.ts";

const port = (description: string, byDefault: number): SchemaNode =>
  count(description, byDefault, { minimum: 0, maximum: 65_535 });

const server = section("The two listeners and their limits.", {
  host: text("Address that the data plane listens on.", { default: "127.0.0.1", minLength: 1 }),
  port: port("Port of the data plane; 0 takes any free one.", 8484),
  allowed_hosts: {
    description: "Host names, beside loopback's, under which the listeners may be addressed, without a port.",
    type: "array",
    default: [],
    uniqueItems: true,
    items: text("A host name.", {
      pattern: "^[^\\s/:@]+$|^\\[[0-9a-fA-F:.]+\\]$",
      "x-wanted": "a host name without scheme, port and path",
    }),
  },
  cors_origins: {
    description:
      "Browser origins that may call the data plane; `*` permits any. The admin listener has no CORS.",
    type: "array",
    default: [],
    uniqueItems: true,
    items: text("An origin.", {
      pattern: "^(\\*|https?://[^/\\s]+)$",
      "x-wanted": "`*`, or an origin such as https://app.example.com",
    }),
  },
  admin: section("The admin listener: control, health, metrics.", {
    host: text("Address of the admin listener. Beyond loopback it needs a token.", {
      default: "127.0.0.1",
      minLength: 1,
    }),
    port: port("Port of the admin listener; 0 takes any free one.", 8485),
    token: secret("Bearer token of the admin listener, at least 32 bytes."),
  }),
  limits: section("What a client may take.", {
    body_bytes: count("Longest request body.", 4 * 1024 * 1024, { maximum: 256 * 1024 * 1024 }),
    connections: count("Open client connections; beyond it new ones are closed.", 10_000, {
      maximum: 1_000_000,
    }),
    requests: count("Open requests; beyond it new ones get 503 `overloaded`.", 8000, { maximum: 1_000_000 }),
    loop_delay_ms: count(
      "How late the event loop may be for long before some of the new requests get 503 `overloaded`; 0 for any.",
      100,
      { minimum: 0, maximum: 10_000 },
    ),
    schema_ms: count(
      "How long one check by a schema that a client wrote may take, in a thread of its own; beyond it the answer is not checked.",
      200,
      { minimum: 10, maximum: 2000 },
    ),
  }),
  workers: {
    description:
      "Processes that serve the data plane, or `auto` for as many as there are cores. With one, everything runs in one process.",
    type: ["integer", "string"],
    minimum: 1,
    maximum: 256,
    pattern: "^auto$",
    default: 1,
    "x-wanted": "`auto`, or 1 to 256",
  },
  drain_ms: milliseconds("How long open requests may run on after the order to stop.", 10_000),
  state_dir: text("Where kill switches and the range ledger are kept, relative to this file.", {
    default: ".assay",
    minLength: 1,
  }),
});

const auth = section("Who may use the data plane.", {
  mode: {
    description:
      "`open`: whoever reaches it, which only loopback permits. `keys`: whoever sends a key that `assay keys create` made.",
    enum: ["open", "keys"],
    default: "open",
  },
});

const perMillion = (description: string): SchemaNode => ({ description, type: "number", minimum: 0 });

const model: SchemaNode = {
  description: "One model name as variants and clients write it.",
  type: "object",
  additionalProperties: false,
  properties: {
    upstream: text("The upstream that serves it.", { "x-otherwise": "`default_upstream`" }),
    model: text("The upstream's own name for it.", { minLength: 1, "x-otherwise": "the same name" }),
    price: {
      description: "Dollars for a million tokens; it wins over the built-in price table.",
      type: "object",
      additionalProperties: false,
      required: ["input_per_million", "output_per_million"],
      properties: {
        input_per_million: perMillion("Input tokens."),
        cached_input_per_million: {
          ...perMillion("Input tokens that the provider's cache served."),
          "x-otherwise": "the price of input",
        },
        output_per_million: perMillion("Output tokens."),
      },
      "x-otherwise": "the built-in table's",
    },
  },
};

const telemetry = section("Traces, metrics and records.", {
  service_name: text("`service.name` of everything that is sent.", { default: "assay", minLength: 1 }),
  environment: text("`deployment.environment.name`.", { "x-otherwise": "not sent" }),
  content: {
    description:
      "Messages on spans: `off`; `metadata`, which is roles, kinds of parts, tool names, lengths and finish reasons; or their text, `redacted` first.",
    // YAML 1.1 reads a bare `off` as false.
    enum: ["off", "metadata", "redacted", false],
    default: "off",
  },
  content_sample: share(
    "Share of the traces whose messages are told, chosen by trace id: all processes choose the same.",
    1,
  ),
  content_max_chars: count("Characters of one message on a span; more are cut off, with a mark.", 2000, {
    maximum: 100_000,
  }),
  keep_ratio: share("Share of the traces without any incident that is kept.", 1),
  keep_slower_than_ms: milliseconds("A slower request keeps its trace whatever the share says.", 10_000),
  unit_hash_key: secret("Key of the HMAC that stands for unit ids in telemetry and records."),
});

/** The whole of `assay.yaml`. Every default of the configuration stands in here and nowhere else. */
export const configurationSchema: SchemaNode = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Configuration of Assay",
  description: "`assay.yaml`. Prompts stand beside it in `prompts/<name>/<version>.md`.",
  type: "object",
  additionalProperties: false,
  properties: {
    server,
    auth,
    upstreams: named(
      "Endpoints that requests are sent to, by name. Needed unless all that is served are model servers given by `url`.",
      idNames,
      upstreamSchema,
    ),
    default_upstream: text("The upstream of models that `models` does not name.", {
      "x-otherwise": "the first upstream",
    }),
    models: named("Models that need another upstream, another name there, or a price.", modelNames, model),
    metrics: named("Metrics that your outcomes are measured by, by name.", idNames, metricSchema),
    experiments: named("Comparisons of variants, by id.", idNames, experimentSchema),
    guardrails: named("Checks of what goes in and comes out, by name.", idNames, guardrailSchema),
    store: storeSchema,
    telemetry,
    redaction: redactionSchema,
  },
};
