import { resolve } from "node:path";
import { defaultUnitSources } from "../core/unit.ts";
import type {
  Config,
  EligibilityRule,
  ExperimentConfig,
  FallbackTarget,
  RedactionConfig,
  ServerConfig,
  StoreConfig,
  TelemetryConfig,
  UnitSource,
  VariantConfig,
} from "../domain/config.ts";
import type { PromptFile } from "../domain/prompt.ts";
import type {
  ConfigFile,
  EligibleSection,
  ExperimentSection,
  FallbackSection,
  MetricSection,
  ServerSection,
  StoreSection,
} from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import { defaultUpstreamOf, modelOfVariant, modelServersOf } from "./model-servers.ts";
import { toGuardrail } from "./to-guardrails.ts";
import { toAnalysis, toOutcomeMetric } from "./to-metrics.ts";
import { toRamp, toRampHooks } from "./to-ramp.ts";
import { toModel, toSecret, toUpstream } from "./to-upstreams.ts";

export interface ConfigParts {
  readonly file: ConfigFile;
  /** Names of a map as they follow in the text, by JSON pointer. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  readonly directory: string;
  readonly prompts: ReadonlyMap<string, PromptFile>;
  /** Of outputs and of model servers' inputs, by experiment. */
  readonly schemas: ReadonlyMap<string, NamedSchema>;
  readonly inputs: ReadonlyMap<string, NamedSchema>;
}

interface NamedSchema {
  readonly name: string;
  readonly schema: unknown;
}

/** The domain's form of a file that has passed its checks. */
export function toConfig({ file, keys, directory, prompts, schemas, inputs }: ConfigParts): Config {
  const defaultUpstream = defaultUpstreamOf(file, keys.get("/upstreams") ?? []);
  const servers = modelServersOf(file);
  return {
    server: toServer(file.server),
    auth: file.auth,
    upstreams: mapNamed({ ...file.upstreams, ...servers.upstreams }, (upstream, name) =>
      toUpstream(name, upstream),
    ),
    defaultUpstream,
    models: mapNamed({ ...file.models, ...servers.models }, (model, name) =>
      toModel(name, model, defaultUpstream),
    ),
    experiments: mapNamed(file.experiments, (experiment, id) => {
      const order = keys.get(pointerOf("experiments", id, "variants")) ?? [];
      const around = { schema: schemas.get(id), input: inputs.get(id), order, metrics: file.metrics };
      return toExperiment(id, experiment, around);
    }),
    guardrails: mapNamed(file.guardrails, (guardrail, name) => toGuardrail(name, guardrail)),
    prompts: mapNamed(Object.fromEntries(prompts), (prompt) => prompt),
    telemetry: toTelemetry(file.telemetry),
    redaction: toRedaction(file.redaction),
    metrics: mapNamed(file.metrics, (metric, name) => toOutcomeMetric(name, metric)),
    store: toStore(file.store),
    stateDir: resolve(directory, file.server.state_dir),
  };
}

// Without a prototype: names that clients send are looked up in these, `constructor` among them.
function mapNamed<From, To>(
  from: Readonly<Record<string, From>>,
  convert: (value: From, name: string) => To,
): Readonly<Record<string, To>> {
  const named: Record<string, To> = Object.create(null);
  for (const [name, value] of Object.entries(from)) named[name] = convert(value, name);
  return named;
}

function toServer(server: ServerSection): ServerConfig {
  return {
    host: server.host,
    port: server.port,
    adminHost: server.admin.host,
    adminPort: server.admin.port,
    adminToken: toSecret(server.admin.token),
    allowedHosts: server.allowed_hosts.map((host) => host.toLowerCase()),
    maxBodyBytes: server.limits.body_bytes,
    maxConnections: server.limits.connections,
    maxRequests: server.limits.requests,
    maxLoopDelayMs: server.limits.loop_delay_ms,
    schemaMs: server.limits.schema_ms,
    drainMs: server.drain_ms,
    workers: server.workers,
    corsOrigins: server.cors_origins,
  };
}

export function toExperiment(
  id: string,
  experiment: ExperimentSection,
  around: {
    readonly schema: NamedSchema | undefined;
    readonly input: NamedSchema | undefined;
    /** Ids of the variants as they follow in the file. */
    readonly order: readonly string[];
    readonly metrics: Readonly<Record<string, MetricSection>>;
  },
): ExperimentConfig {
  const { output, layer } = experiment;
  const { schema, input, order } = around;
  return {
    id,
    description: experiment.description,
    salt: experiment.salt ?? id,
    hash: experiment.hash,
    hashSecret: toSecret(experiment.hash_secret),
    ...toUnit(experiment.unit),
    matchModels: experiment.match.models,
    eligible: experiment.eligible.map(toEligibilityRule),
    coverage: experiment.coverage,
    holdout: experiment.holdout,
    layer,
    rerandomise: experiment.rerandomise,
    variants: toVariants(id, experiment, order),
    controlId: experiment.control,
    incumbentId: experiment.control,
    allowPins: experiment.allow_pins,
    exposeAssignment: experiment.expose_assignment,
    output: {
      schema: schema && { name: schema.name, schema: schema.schema },
      checkToolCalls: output.check_tool_calls,
      checkResponseFormat: output.check_response_format,
      sendResponseFormat: output.send_response_format,
      onInvalid: output.on_invalid,
      maxRepairs: output.max_repairs,
      streamMode: output.stream_mode,
    },
    fallback: experiment.fallback.map(toFallbackTarget),
    guardrails: experiment.guardrails,
    totalMs: experiment.budgets.total_ms,
    analysis: toAnalysis(experiment.analysis, around.metrics),
    ramp: experiment.ramp && toRamp(id, experiment.ramp, { experiment, metrics: around.metrics }),
    rampHooks: experiment.ramp === undefined ? [] : toRampHooks(experiment.ramp),
    predict: experiment.predict && {
      input: input && { name: input.name, schema: input.schema },
      predictionPath: experiment.predict.prediction_path,
    },
  };
}

function toUnit(unit: ExperimentSection["unit"]): Pick<ExperimentConfig, "unit" | "unitSources"> {
  const type = typeof unit === "string" ? unit : unit.type;
  const from = typeof unit === "string" ? undefined : unit.from;
  return { unit: type, unitSources: from?.map(toUnitSource) ?? defaultUnitSources(type) };
}

/** The schema's pattern permits these forms only. */
function toUnitSource(place: string): UnitSource {
  if (place.startsWith("header:"))
    return { kind: "header", name: place.slice("header:".length).toLowerCase() };
  if (place.startsWith("metadata.")) return { kind: "metadata", key: place.slice("metadata.".length) };
  if (place.startsWith("baggage:")) return { kind: "baggage", key: place.slice("baggage:".length) };
  if (place === "user" || place === "prompt_cache_key") return { kind: "body", field: place };
  return { kind: "body", field: "safety_identifier" };
}

function toEligibilityRule(rule: EligibleSection): EligibilityRule {
  return { subject: toSubject(rule), in: rule.in, notIn: rule.not_in, exists: rule.exists };
}

function toSubject(rule: EligibleSection): EligibilityRule["subject"] {
  if (rule.header !== undefined) return { kind: "header", name: rule.header.toLowerCase() };
  return rule.metadata === undefined ? { kind: "model" } : { kind: "metadata", key: rule.metadata };
}

function toVariants(
  experimentId: string,
  experiment: ExperimentSection,
  order: readonly string[],
): readonly VariantConfig[] {
  const rank = (id: string): number => (id === experiment.control ? -1 : order.indexOf(id));
  const variants = Object.entries(experiment.variants).map(([id, variant]) => ({
    id,
    weight: variant.weight,
    model: modelOfVariant(experimentId, id, variant),
    prompt: variant.prompt,
    guardrails: variant.guardrails,
    parameters: variant.parameters,
  }));
  return variants.sort((left, right) => rank(left.id) - rank(right.id));
}

function toFallbackTarget(target: FallbackSection): FallbackTarget {
  if (target.variant !== undefined) return { kind: "variant", variantId: target.variant };
  if (target.model !== undefined) return { kind: "model", model: target.model };
  return { kind: "canned", content: target.answer ?? "" };
}

function toStore(store: StoreSection): StoreConfig {
  return {
    engine: store.engine,
    durability: store.durability,
    retentionMs: store.retention_days * dayMs,
    content: store.content === false ? "off" : store.content,
    contentRetentionMs: Math.min(store.content_retention_days, store.retention_days) * dayMs,
    commitMs: store.commit_ms,
    queueRows: store.queue_rows,
    queueBytes: store.queue_bytes,
  };
}

const dayMs = 86_400_000;

function toTelemetry(telemetry: ConfigFile["telemetry"]): TelemetryConfig {
  return {
    serviceName: telemetry.service_name,
    environment: telemetry.environment,
    keepRatio: telemetry.keep_ratio,
    keepSlowerThanMs: telemetry.keep_slower_than_ms,
    content: telemetry.content === false ? "off" : telemetry.content,
    contentSample: telemetry.content_sample,
    contentMaxChars: telemetry.content_max_chars,
    unitHashKey: toSecret(telemetry.unit_hash_key),
  };
}

function toRedaction({ patterns, rules }: ConfigFile["redaction"]): RedactionConfig {
  return {
    patterns: Object.entries(patterns).map(([name, { pattern, keyword }]) => ({
      name,
      pattern,
      keyword: keyword?.toLowerCase(),
    })),
    off: rules.off,
  };
}
