/** The shape of `assay.yaml` once its schema has passed and filled in the defaults. Keys are as they are written. */
import type { AuthConfig, HashName, OnInvalid, StoreConfig, StreamMode, UnitType } from "../domain/config.ts";
import type { GuardrailAction, GuardrailStage } from "../domain/guardrail.ts";
import type { Better, Combine, MetricPer, OutcomeKind } from "../domain/metric.ts";
import type { RampEventName } from "../domain/ramp-news.ts";
import type { rampProfiles, weekDays } from "./schema-ramp.ts";

export interface ConfigFile {
  readonly server: ServerSection;
  readonly auth: AuthConfig;
  readonly upstreams: Readonly<Record<string, UpstreamSection>>;
  readonly default_upstream?: string;
  readonly models: Readonly<Record<string, ModelSection>>;
  readonly metrics: Readonly<Record<string, MetricSection>>;
  readonly experiments: Readonly<Record<string, ExperimentSection>>;
  readonly guardrails: Readonly<Record<string, GuardrailDefinition>>;
  readonly store: StoreSection;
  readonly telemetry: {
    readonly service_name: string;
    readonly environment?: string;
    readonly content: "off" | "metadata" | "redacted" | false;
    readonly content_sample: number;
    readonly content_max_chars: number;
    readonly keep_ratio: number;
    readonly keep_slower_than_ms: number;
    readonly unit_hash_key?: string;
  };
  readonly redaction: {
    readonly patterns: Readonly<Record<string, { readonly pattern: string; readonly keyword?: string }>>;
    readonly rules: { readonly off: readonly string[] };
  };
}

export interface ServerSection {
  readonly host: string;
  readonly port: number;
  readonly allowed_hosts: readonly string[];
  readonly cors_origins: readonly string[];
  readonly admin: { readonly host: string; readonly port: number; readonly token?: string };
  readonly limits: {
    readonly body_bytes: number;
    readonly connections: number;
    readonly requests: number;
    readonly loop_delay_ms: number;
    readonly schema_ms: number;
  };
  readonly drain_ms: number;
  readonly workers: number | "auto";
  readonly state_dir: string;
}

export interface UpstreamSection {
  readonly dialect: string;
  readonly base_url: string;
  readonly api_key?: string;
  readonly without_key: "scripted" | "open";
  readonly provider: string;
  readonly max_concurrent: number;
  readonly max_response_bytes: number;
  readonly private_network: boolean;
  readonly send_baggage: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly budgets: {
    readonly connect_ms: number;
    readonly first_token_ms: number;
    readonly head_ms: number;
    readonly stall_ms: number;
  };
  readonly retry: {
    readonly max_attempts: number;
    readonly base_ms: number;
    readonly max_ms: number;
    readonly max_retry_after_ms: number;
    readonly budget_ratio: number;
    readonly budget_per_second: number;
  };
  readonly breaker: {
    readonly failure_ratio: number;
    readonly minimum_calls: number;
    readonly window_ms: number;
    readonly open_ms: number;
  };
}

export interface ModelSection {
  readonly upstream?: string;
  readonly model?: string;
  readonly price?: {
    readonly input_per_million: number;
    readonly cached_input_per_million?: number;
    readonly output_per_million: number;
  };
}

export interface MetricSection {
  readonly kind: OutcomeKind;
  readonly description: string;
  readonly better: Better;
  readonly per: MetricPer;
  readonly combine: Combine;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly categories?: Readonly<Record<string, number>>;
  readonly cap?: number;
  readonly window?: string;
}

export interface StoreSection {
  readonly engine: StoreConfig["engine"];
  readonly durability: StoreConfig["durability"];
  readonly retention_days: number;
  readonly content: "off" | "redacted" | false;
  readonly content_retention_days: number;
  readonly commit_ms: number;
  readonly queue_rows: number;
  readonly queue_bytes: number;
}

/** Beside these, one member by the name of its check, with the settings of that check. */
export interface GuardrailDefinition {
  readonly [check: string]: unknown;
  readonly stages?: readonly GuardrailStage[];
  readonly action?: GuardrailAction;
  readonly on_failure?: "open" | "closed";
  readonly timeout_ms: number;
  readonly sample: number;
  readonly shadow: boolean;
  readonly everywhere: boolean;
  readonly on_block: "fallback" | "error";
  readonly answer?: string;
}

export type GoalSection = string | { readonly metric: string; readonly smallest_effect?: number | string };
export type GuardrailSection = string | { readonly metric: string; readonly margin?: number | string };

export interface AnalysisSection {
  readonly goals: readonly GoalSection[];
  readonly guardrails: readonly GuardrailSection[];
  readonly alpha: number;
  readonly planned_units: number;
  readonly minimum_units: number;
}

export interface ExperimentSection {
  readonly description: string;
  readonly salt?: string;
  readonly hash: HashName;
  readonly hash_secret?: string;
  readonly unit: UnitType | { readonly type: UnitType; readonly from?: readonly string[] };
  readonly match: { readonly models: readonly string[] };
  readonly eligible: readonly EligibleSection[];
  readonly coverage: number;
  readonly holdout: number;
  readonly layer?: { readonly name: string; readonly start: number; readonly end: number };
  readonly rerandomise: boolean;
  readonly variants: Readonly<Record<string, VariantSection>>;
  readonly control: string;
  readonly allow_pins: boolean;
  readonly expose_assignment: boolean;
  readonly predict?: PredictSection;
  readonly output: OutputSection;
  readonly fallback: readonly FallbackSection[];
  readonly guardrails: readonly string[];
  readonly budgets: { readonly total_ms: number };
  readonly analysis: AnalysisSection;
  readonly ramp?: RampSection;
}

export type RampSloSection =
  | string
  | { readonly metric: string; readonly margin?: number | string; readonly ceiling?: number };

export interface RampSection {
  readonly variant?: string;
  readonly profile: (typeof rampProfiles)[number];
  readonly steps?: readonly {
    readonly share: number;
    readonly least: string;
    readonly most: string;
    readonly units: number;
    readonly requests: number;
    readonly approval: boolean;
  }[];
  readonly holdback: number;
  readonly slos?: readonly RampSloSection[];
  readonly alpha: number;
  readonly schedule: {
    readonly start_at?: string;
    readonly hours?: string;
    readonly time_zone: string;
    readonly days: readonly (typeof weekDays)[number][];
    readonly freezes: readonly { readonly from: string; readonly to: string; readonly reason: string }[];
  };
  readonly warm_up_requests: number;
  readonly notify: readonly {
    readonly url: string;
    readonly secret?: string;
    readonly format: "cloudevents" | "slack";
    readonly on: readonly RampEventName[];
  }[];
  readonly gate?: {
    readonly url: string;
    readonly query: string;
    readonly below?: number;
    readonly above?: number;
    readonly timeout_ms: number;
  };
}

export interface EligibleSection {
  readonly model?: true | null;
  readonly header?: string;
  readonly metadata?: string;
  readonly in?: readonly string[];
  readonly not_in?: readonly string[];
  readonly exists?: boolean;
}

export interface VariantSection {
  readonly weight: number;
  readonly model?: string;
  readonly url?: string;
  readonly prompt?: string;
  readonly guardrails: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
}

interface PredictSection {
  readonly input?: string | Readonly<Record<string, unknown>>;
  readonly prediction_path: string;
}

interface OutputSection {
  readonly schema?: string | Readonly<Record<string, unknown>>;
  readonly check_tool_calls: boolean;
  readonly check_response_format: boolean;
  readonly send_response_format: boolean;
  readonly on_invalid: OnInvalid;
  readonly max_repairs: number;
  readonly stream_mode: StreamMode;
}

export interface FallbackSection {
  readonly variant?: string;
  readonly model?: string;
  readonly answer?: string;
}
