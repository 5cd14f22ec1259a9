import type { ScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";

export interface ObservedApp extends TestApp {
  readonly sink: OtlpSink;
  readonly upstream: ScriptedUpstream;
  /** Ends Assay, which flushes what it holds; sink and upstream stay to be read. */
  end(): Promise<void>;
}

export interface ObservedOptions {
  /** The text of assay.yaml over the scripted upstream's address. */
  readonly config: (upstreamUrl: string) => string;
  readonly files?: Readonly<Record<string, string>>;
  /** What the configuration may refer to. */
  readonly env?: Readonly<Record<string, string>>;
  readonly storeEngine?: "sqlite" | "memory";
  /** A folder that stays when the app has ended. */
  readonly folder?: string;
  /** Beside, or in place of, what sends everything to the sink at once. */
  readonly otel?: Readonly<Record<string, string | undefined>>;
}

/** Assay between a scripted upstream and an OTLP sink. One at a time in a process: the SDK's globals are its own. */
export async function startObservedApp(options: ObservedOptions): Promise<ObservedApp> {
  const sink = await startOtlpSink();
  const upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_BSP_SCHEDULE_DELAY: "5",
    OTEL_BLRP_SCHEDULE_DELAY: "5",
    OTEL_METRIC_EXPORT_INTERVAL: "60000",
    ...options.otel,
  };
  const { files = {}, env = {}, storeEngine = "memory", folder } = options;
  const closeOthers = () => Promise.all([sink.close(), upstream.close()]);
  const app = await withEnvironment(environment, async () => {
    try {
      return await startTestApp({
        config: options.config(upstream.url),
        files,
        env,
        storeEngine,
        ...(folder && { folder }),
      });
    } catch (error) {
      await closeOthers();
      throw error;
    }
  });
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= app.close();
    return ended;
  };
  return {
    ...app,
    sink,
    upstream,
    end,
    async close() {
      await end();
      await closeOthers();
    },
  };
}

/** OpenTelemetry reads the process's environment, while it starts. */
export async function withEnvironment<T>(
  values: Readonly<Record<string, string | undefined>>,
  act: () => Promise<T>,
): Promise<T> {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  set(Object.entries(values));
  try {
    return await act();
  } finally {
    set(before);
  }
}

function set(values: readonly (readonly [string, string | undefined])[]): void {
  for (const [name, value] of values) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** Another prompt for another variant, so that the trace shows whose was served. */
export const promptFiles: Readonly<Record<string, string>> = {
  "prompts/reply/v1.md": promptText("Answer briefly."),
  "prompts/reply/v2.md": promptText("Answer in one friendly sentence."),
};

function promptText(words: string): string {
  return `---\ndescription: A reply.\ncombine: prepend\n---\n## system\n${words}\n`;
}

export const ask = (model: string, more: Readonly<Record<string, unknown>> = {}) => ({
  model,
  messages: [{ role: "user", content: "Where is my parcel?" }],
  ...more,
});
