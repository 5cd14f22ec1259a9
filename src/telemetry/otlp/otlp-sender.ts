/** The SDK's own transport for our bytes: endpoint, headers, compression, TLS, timeout and retries by its variables. */
import { ExportResultCode } from "@opentelemetry/core";
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from "@opentelemetry/otlp-exporter-base/node-http";
import {
  type ISerializer,
  ProtobufLogsSerializer,
  ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import type { Batch } from "./otlp-batches.ts";

export interface OtlpSender {
  /** Rejects when the collector does not take the batch. */
  send(batch: Batch): Promise<void>;
  shutdown(): Promise<void>;
}

export function createSpanSender(): OtlpSender {
  return createSender("TRACES", "v1/traces", ProtobufTraceSerializer);
}

export function createLogSender(): OtlpSender {
  return createSender("LOGS", "v1/logs", ProtobufLogsSerializer);
}

function createSender<Answer>(
  signal: "TRACES" | "LOGS",
  path: string,
  { deserializeResponse }: Pick<ISerializer<never, Answer>, "deserializeResponse">,
): OtlpSender {
  const item = signal === "TRACES" ? "span" : "log";
  const delegate = createOtlpHttpExportDelegate<Batch, Answer>(
    convertLegacyHttpOptions({}, signal, path, { "Content-Type": "application/x-protobuf" }),
    { serializeRequest: ({ bytes }) => bytes, deserializeResponse },
    `otlp_http_${item}_exporter`,
    { name: item, countItems: ({ count }) => count },
    undefined,
  );
  return {
    send: (batch) =>
      new Promise((resolve, reject) => {
        delegate.export(batch, ({ code, error }) => {
          if (code === ExportResultCode.SUCCESS) resolve();
          else reject(error ?? new Error("the collector did not take a batch"));
        });
      }),
    shutdown: () => delegate.shutdown(),
  };
}
