import type { Redacted } from "../../core/redaction.ts";
import type { AttributeGroup, MadeGroup } from "../attribute-group.ts";
import type { AttributeKey } from "../attribute-key.ts";
import type { Limits } from "../limits.ts";
import type { AttributeSink } from "../span-sink.ts";
import { ProtobufWriter, varintBytes } from "./protobuf-writer.ts";

/** Writes attributes as the KeyValues of opentelemetry.proto.common.v1, straight into the message that `into` names. */
export class OtlpAttributes implements AttributeSink {
  readonly #tag: number;
  readonly #limits: Limits;
  #writer: ProtobufWriter;
  #count = 0;
  /** Where groups are written before their bytes are copied: a buffer for each would be fifty times what it holds. */
  #scratch: OtlpAttributes | undefined;

  /** `tag` is that of the repeated field that they stand in. */
  constructor(tag: number, limits: Limits, writer: ProtobufWriter) {
    this.#tag = tag;
    this.#limits = limits;
    this.#writer = writer;
  }

  /** Begins anew, with none. */
  into(writer: ProtobufWriter): void {
    this.#writer = writer;
    this.#count = 0;
  }

  /** Those that were beyond the limit. */
  get dropped(): number {
    return Math.max(0, this.#count - this.#limits.attributeCount);
  }

  text(key: AttributeKey, value: Redacted | undefined): void {
    if (value === undefined || this.#isFull()) return;
    this.#writer.keyedText(this.#tag, key.head, this.#cut(value));
  }

  texts(key: AttributeKey, values: readonly Redacted[]): void {
    if (this.#isFull()) return;
    const items = values.map((value) => this.#cut(value));
    let size = 0;
    for (const item of items) size += within(within(Buffer.byteLength(item)));
    const writer = this.#writer;
    writer.keyed(this.#tag, key.head, within(size));
    writer.byte(0x2a);
    writer.varint(size);
    for (const item of items) {
      writer.byte(0x0a);
      writer.varint(within(Buffer.byteLength(item)));
      writer.text(0x0a, item);
    }
  }

  /** An integer is one in OTLP too, as far as 64 bits reach. */
  number(key: AttributeKey, value: number | undefined): void {
    if (value === undefined || this.#isFull()) return;
    const writer = this.#writer;
    if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) {
      writer.keyed(this.#tag, key.head, 1 + varintBytes(value));
      writer.byte(0x18);
      writer.varint(value);
      return;
    }
    writer.keyed(this.#tag, key.head, 9);
    writer.byte(0x21);
    writer.double(value);
  }

  flag(key: AttributeKey, value: boolean | undefined): void {
    if (value === undefined || this.#isFull()) return;
    this.#writer.keyed(this.#tag, key.head, 2);
    this.#writer.byte(0x10);
    this.#writer.byte(value ? 1 : 0);
  }

  /** Written once, then copied. */
  group(group: AttributeGroup): void {
    const made = group.made?.by === this ? group.made : this.#make(group);
    this.#count += made.attributes;
    if (this.#count > this.#limits.attributeCount) {
      // One by one, up to the limit.
      this.#count -= made.attributes;
      group.tell(this);
    } else this.#writer.raw(made.bytes);
  }

  #make(group: AttributeGroup): MadeGroup {
    const limits = { ...this.#limits, attributeCount: Number.POSITIVE_INFINITY };
    this.#scratch ??= new OtlpAttributes(this.#tag, limits, new ProtobufWriter());
    const scratch = this.#scratch;
    const writer = scratch.#writer;
    writer.moveTo(0);
    scratch.into(writer);
    group.tell(scratch);
    const bytes = new Uint8Array(writer.view(0, writer.length));
    group.made = { by: this, bytes, attributes: scratch.#count };
    return group.made;
  }

  #isFull(): boolean {
    this.#count += 1;
    return this.#count > this.#limits.attributeCount;
  }

  #cut(value: string): string {
    return value.length > this.#limits.valueLength ? value.slice(0, this.#limits.valueLength) : value;
  }
}

/** Bytes of a field that holds so many. */
function within(bytes: number): number {
  return 1 + varintBytes(bytes) + bytes;
}
