import type { Limits } from "../limits.ts";
import { type EventHead, type EventSink, severity } from "../span-sink.ts";
import { OtlpAttributes } from "./otlp-attributes.ts";
import type { OtlpBatches } from "./otlp-batches.ts";
import { type Mark, ProtobufWriter } from "./protobuf-writer.ts";

/** Events as the bytes of opentelemetry.proto.logs.v1.LogRecord, as OtlpSpans writes spans. */
export class OtlpEvents extends OtlpAttributes implements EventSink {
  readonly #batches: OtlpBatches;
  #writer: ProtobufWriter;
  #mark: Mark = 0;

  constructor(batches: OtlpBatches, limits: Limits) {
    const writer = new ProtobufWriter();
    super(0x32, limits, writer);
    this.#batches = batches;
    this.#writer = writer;
  }

  begin({ span, severity: level, name, atMs }: EventHead): boolean {
    const writer = this.#batches.begin();
    if (writer === undefined) return false;
    this.into(writer);
    this.#writer = writer;
    this.#mark = writer.open(0x12);
    writer.byte(0x09);
    writer.fixed64(atMs * 1e6);
    writer.byte(0x59);
    writer.fixed64(atMs * 1e6);
    if (level !== undefined) {
      writer.byte(0x10);
      writer.varint(severity[level]);
      writer.text(0x1a, level.toUpperCase());
    }
    if (span !== undefined) {
      writer.hex(0x4a, span.traceId);
      writer.hex(0x52, span.spanId);
      if (span.isSampled) {
        writer.byte(0x45);
        writer.fixed32(1);
      }
    }
    writer.text(0x62, name);
    return true;
  }

  end(): void {
    const writer = this.#writer;
    if (this.dropped > 0) {
      writer.byte(0x38);
      writer.varint(this.dropped);
    }
    writer.close(this.#mark);
    this.#batches.end();
  }
}
