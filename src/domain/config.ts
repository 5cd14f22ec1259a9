/** The checked configuration. `config/load` is the only maker of these; after it nobody checks again. */
import type { SharesEvent } from "./control.ts";
import type { Allocation } from "./experiment.ts";
import type { GuardrailConfig } from "./guardrail.ts";
import type { AnalysisConfig, OutcomeMetric } from "./metric.ts";
import type { PromptFile, RenderablePrompt } from "./prompt.ts";
import type { RampConfig } from "./ramp.ts";
import type { RampHook } from "./ramp-news.ts";
import type { ModelConfig, UpstreamConfig } from "./upstream-config.ts";

export interface Config {
  readonly server: ServerConfig;
  readonly auth: AuthConfig;
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  /** The upstream of models that `models` does not name. */
  readonly defaultUpstream: string;
  readonly models: Readonly<Record<string, ModelConfig>>;
  readonly experiments: Readonly<Record<string, ExperimentConfig>>;
  /** By name. */
  readonly guardrails: Readonly<Record<string, GuardrailConfig>>;
  /** By `name@version`. */
  readonly prompts: Readonly<Record<string, PromptFile>>;
  readonly telemetry: TelemetryConfig;
  readonly redaction: RedactionConfig;
  /** Metrics of outcomes, by name; the built-in ones need no entry. */
  readonly metrics: Readonly<Record<string, OutcomeMetric>>;
  readonly store: StoreConfig;
  /** Where kill switches and the range ledger are kept, as an absolute path. */
  readonly stateDir: string;
}

export interface AuthConfig {
  /** `open` asks nobody for a key, which only loopback permits. */
  readonly mode: "open" | "keys";
}

export interface StoreConfig {
  readonly engine: "sqlite" | "memory";
  /** `batched` commits in groups; `strict` makes an exposure durable before the first byte of its answer. */
  readonly durability: "batched" | "strict";
  readonly retentionMs: number;
  /** What was said in requests: not kept, or redacted first. */
  readonly content: "off" | "redacted";
  /** At most `retentionMs`. */
  readonly contentRetentionMs: number;
  readonly commitMs: number;
  /** Bounds of what waits to be written. */
  readonly queueRows: number;
  readonly queueBytes: number;
}

export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  /** Bearer token of the admin listener; undefined leaves it open, which only loopback permits. */
  readonly adminToken: Secret | undefined;
  /** Host names, beside loopback's, under which the two listeners may be addressed. */
  readonly allowedHosts: readonly string[];
  readonly maxBodyBytes: number;
  readonly maxConnections: number;
  /** Open requests of this process. */
  readonly maxRequests: number;
  /** How late the event loop may be for long; 0 for any. */
  readonly maxLoopDelayMs: number;
  /** Of one check by a schema that a client wrote. */
  readonly schemaMs: number;
  readonly drainMs: number;
  /** Processes that serve the data plane; `auto`: as many as the machine has cores. */
  readonly workers: number | "auto";
  /** Browser origins that may call the data plane, `*` for any. */
  readonly corsOrigins: readonly string[];
}

/** A string that prints as `[redacted]` wherever it is written by accident; `reveal` is the only way to its text. */
export interface Secret {
  reveal(): string;
}

export type UnitType = "user" | "org" | "session" | "request";
export type HashName = "assay_v1" | "growthbook_v2" | "unleash_murmur3" | "optimizely_murmur3";

export interface ExperimentConfig {
  readonly id: string;
  readonly description: string;
  readonly salt: string;
  readonly hash: HashName;
  /** Makes positions unguessable: HMAC-SHA-256 in place of SHA-256. */
  readonly hashSecret: Secret | undefined;
  readonly unit: UnitType;
  /** Where the unit's id is looked for, in order. */
  readonly unitSources: readonly UnitSource[];
  /** Model names of callers that this experiment serves, beside `experiment/<id>`. */
  readonly matchModels: readonly string[];
  /** All must hold, or the request is served by the incumbent and is not in the experiment. */
  readonly eligible: readonly EligibilityRule[];
  /** Share of the line of units that is in the experiment, 0 to 1. */
  readonly coverage: number;
  /** Share of the line kept out at the control's end, 0 to 1. */
  readonly holdout: number;
  readonly layer: LayerSlice | undefined;
  /** Says that units may change variant with this revision: a new salt, a new phase. */
  readonly rerandomise: boolean;
  /** The control first, then the treatments in the order of the file. */
  readonly variants: readonly VariantConfig[];
  readonly controlId: string;
  /** Serves whoever is outside of the split: the control, or the treatment once its ramp is complete. */
  readonly incumbentId: string;
  readonly allowPins: boolean;
  readonly exposeAssignment: boolean;
  readonly output: OutputConfig;
  readonly fallback: readonly FallbackTarget[];
  /** Names of guardrails, for all variants. */
  readonly guardrails: readonly string[];
  /** From the request's arrival to its end. */
  readonly totalMs: number;
  readonly analysis: AnalysisConfig;
  /** Where there is a plan the shares are the ramp's, and coverage and weights of the file are not asked. */
  readonly ramp: RampConfig | undefined;
  readonly rampHooks: readonly RampHook[];
  /** A model server behind `/v1/predict/<id>` in place of chat; undefined for chat. */
  readonly predict: PredictConfig | undefined;
}

/** JSON Schemas of what a model server takes and gives; undefined checks nothing but that it is an object. */
export interface PredictConfig {
  readonly input: { readonly name: string; readonly schema: unknown } | undefined;
  /** JSON Pointer to the value in the answer that true labels are compared with. */
  readonly predictionPath: string;
}

export type UnitSource =
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "metadata"; readonly key: string }
  | { readonly kind: "body"; readonly field: "safety_identifier" | "user" | "prompt_cache_key" }
  | { readonly kind: "baggage"; readonly key: string };

export interface EligibilityRule {
  readonly subject:
    | { readonly kind: "model" }
    | { readonly kind: "header"; readonly name: string }
    | { readonly kind: "metadata"; readonly key: string };
  readonly in: readonly string[] | undefined;
  readonly notIn: readonly string[] | undefined;
  readonly exists: boolean | undefined;
}

/** Experiments of one layer exclude each other: a unit's position on the layer's line is in at most one slice. */
export interface LayerSlice {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface VariantConfig {
  readonly id: string;
  readonly weight: number;
  readonly model: string;
  /** `name@version`, or undefined to leave the client's messages alone. */
  readonly prompt: string | undefined;
  /** Names of guardrails, beside the experiment's. */
  readonly guardrails: readonly string[];
  /** Body members that replace the client's own. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type OnInvalid = "retry" | "repair" | "fallback" | "pass" | "error";
export type StreamMode = "passthrough" | "buffer" | "validate_at_end";

export interface OutputConfig {
  /** A name for the schema in traces, and the JSON Schema of the message content; undefined checks nothing. */
  readonly schema: { readonly name: string; readonly schema: unknown } | undefined;
  /** Check tool-call arguments against the `tools` of the request. */
  readonly checkToolCalls: boolean;
  /** Without a schema of its own: check the content by the client's `response_format`. */
  readonly checkResponseFormat: boolean;
  /** Send the schema to the upstream as `response_format` when the client sent none. */
  readonly sendResponseFormat: boolean;
  readonly onInvalid: OnInvalid;
  readonly maxRepairs: number;
  readonly streamMode: StreamMode;
}

export type FallbackTarget =
  | { readonly kind: "variant"; readonly variantId: string }
  | { readonly kind: "model"; readonly model: string }
  | { readonly kind: "canned"; readonly content: string };

export interface TelemetryConfig {
  readonly serviceName: string;
  readonly environment: string | undefined;
  /** Share of the traces without any incident that is kept, 0 to 1. */
  readonly keepRatio: number;
  /** A request slower than this is kept. */
  readonly keepSlowerThanMs: number;
  /** Messages on spans: none, their shape without any text, or their text, redacted first. */
  readonly content: "off" | "metadata" | "redacted";
  /** Share of the traces whose messages are told, 0 to 1. */
  readonly contentSample: number;
  /** Characters of one message. */
  readonly contentMaxChars: number;
  /** Key of the HMAC that stands for unit ids in telemetry and records. */
  readonly unitHashKey: Secret | undefined;
}

/** What is taken out of texts beside, or no longer by, the built-in rules. */
export interface RedactionConfig {
  /** In RE2's syntax; each compiles. */
  readonly patterns: readonly {
    readonly name: string;
    readonly pattern: string;
    readonly keyword: string | undefined;
  }[];
  /** Names of built-in rules. */
  readonly off: readonly string[];
}

/** A file as it was read, or why it could not be. */
export type FileText = { readonly bytes: Buffer; readonly text: string } | { readonly message: string };

/** What a configuration was read from, by path: whoever has it reads the same one, whatever the disk says by then. */
export interface ConfigTexts {
  readonly files: ReadonlyMap<string, FileText>;
  readonly directories: ReadonlyMap<string, readonly string[]>;
}

/** Everything that a revision is made of, beside the environment: whoever has it makes the same one, of the same id. */
export interface RevisionSource {
  readonly texts: ConfigTexts;
  /** Shares that were set by hand, or by a ramp. */
  readonly allocated: readonly SharesEvent[];
  /** Epoch milliseconds. */
  readonly loadedAt: number;
}

/** One immutable version of the configuration. */
export interface Revision {
  /** First 12 hex digits of the SHA-256 of everything that decides behaviour. */
  readonly id: string;
  readonly config: Config;
  readonly loadedAt: number;
  /** What requests ask for, worked out once: by experiment id, prompt `name@version`, experiment id, and model name. */
  readonly allocations: ReadonlyMap<string, Allocation>;
  readonly prompts: ReadonlyMap<string, RenderablePrompt>;
  readonly contentChecks: ReadonlyMap<string, ContentCheck>;
  /** Of what model servers are sent, by experiment. */
  readonly inputChecks: ReadonlyMap<string, ContentCheck>;
  readonly experimentByModel: ReadonlyMap<string, ExperimentConfig>;
  /** The phase of an experiment while nothing of it is killed. */
  readonly phases: ReadonlyMap<string, string>;
}

/** Checks the text of an answer. `path` is a JSON Pointer to the first value at fault. */
export type ContentCheck = (text: string) => CheckResult;

export type CheckResult =
  | { readonly kind: "pass" }
  | { readonly kind: "fail"; readonly path: string; readonly message: string }
  | { readonly kind: "not_evaluated"; readonly reason: string };
