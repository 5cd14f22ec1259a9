import type { Unit } from "../domain/experiment.ts";
import { keyedHash } from "./keyed-hash.ts";

/** What stands for a unit's id in telemetry and records: HMAC-SHA-256, 16 bytes in hex. The id itself is never stored. */
export function unitHasher(key: string): (unit: Pick<Unit, "type" | "id">) => string {
  const digest = keyedHash(key);
  return ({ type, id }) => digest(`${type}\0${id}`).slice(0, 32);
}
