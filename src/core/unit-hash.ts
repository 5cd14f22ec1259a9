import { createHmac } from "node:crypto";
import type { Unit } from "../domain/experiment.ts";

/** What stands for a unit's id in telemetry and records: HMAC-SHA-256, 16 bytes in hex. The id itself is never stored. */
export function unitHasher(key: string): (unit: Pick<Unit, "type" | "id">) => string {
  return ({ type, id }) => createHmac("sha256", key).update(`${type}\0${id}`).digest("hex").slice(0, 32);
}
