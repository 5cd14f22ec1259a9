import { dialects } from "../upstreams/index.ts";
import type { SchemaNode } from "./schema-node.ts";
import { count, flag, milliseconds, secret, section, share, text } from "./schema-node.ts";

export const upstreamSchema: SchemaNode = {
  description: "One endpoint.",
  type: "object",
  additionalProperties: false,
  properties: {
    dialect: {
      ...text(
        "Wire dialect: `openai`, or `json` for a model server, to whose `base_url` itself inputs are posted.",
        { default: "openai" },
      ),
      enum: Object.keys(dialects),
    },
    base_url: text("Address of the API, with the version in its path.", {
      default: "https://api.openai.com/v1",
      pattern: "^https?://[^\\s/?#@]+(/[^\\s?#]*)?$",
      "x-wanted":
        "an http or https address without user, query and fragment, such as https://api.openai.com/v1",
    }),
    api_key: secret("Key that is sent as a bearer token. Empty means: no key."),
    without_key: {
      ...text(
        "What this upstream is while it has no key: `scripted` plays OpenAI's API on this machine, `open` needs none.",
        {
          default: "open",
        },
      ),
      enum: ["scripted", "open"],
    },
    provider: text("`gen_ai.provider.name` in telemetry.", { default: "openai", minLength: 1 }),
    max_concurrent: count("Calls in flight; beyond it a request is refused at once with 503.", 256, {
      maximum: 100_000,
    }),
    max_response_bytes: count("Longest answer that is taken.", 16 * 1024 * 1024, {
      maximum: 1024 * 1024 * 1024,
    }),
    private_network: flag(
      "Whether the host's name may resolve to loopback or to a private network, as names of services do in Docker and Kubernetes. A host that is written as an address, and `localhost`, need no leave; link-local and metadata addresses get none.",
      false,
    ),
    send_baggage: flag("Whether the client's `baggage` header is sent on to this upstream.", false),
    headers: {
      description: "Headers that are added to every call. Values may hold references to the environment.",
      type: "object",
      default: {},
      additionalProperties: text("A header's value."),
    },
    budgets: section("How long each phase of one attempt may take.", {
      connect_ms: milliseconds("From the attempt's start to an open connection.", 3_000),
      first_token_ms: milliseconds("From sending the request to the first content, streams only.", 10_000),
      head_ms: milliseconds(
        "From sending the request to the head of an answer that is not streamed, and so comes when all is said.",
        60_000,
      ),
      stall_ms: milliseconds("The longest silence once the answer has begun.", 15_000),
    }),
    retry: section("When the same target is asked again.", {
      max_attempts: count("Attempts at one target, the first included.", 3, { maximum: 10 }),
      base_ms: milliseconds("Upper end of the first wait; each further one may be twice as long.", 200),
      max_ms: milliseconds("Longest wait of our own choosing.", 5_000),
      max_retry_after_ms: milliseconds(
        "Longest `retry-after` that is waited for; a longer one falls back.",
        10_000,
      ),
      budget_ratio: share("Retries allowed as a share of requests.", 0.2),
      budget_per_second: {
        description: "Retries allowed in each second whatever the share says.",
        type: "number",
        default: 3,
        minimum: 0,
      },
    }),
    breaker: section("When this upstream is left alone for a while; one breaker for each model.", {
      failure_ratio: share("Opens when more than this share of the window fails.", 0.5),
      minimum_calls: count("Calls in the window below which it never opens.", 20, { maximum: 1_000_000 }),
      window_ms: milliseconds("Length of the window.", 10_000),
      open_ms: milliseconds("How long it stays open before one probe is let through.", 10_000),
    }),
  },
};
