/**
 * Reads members of unknown JSON. What has another type than asked for counts as absent: a player of faults
 * does not validate.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function objectIn(holder: JsonObject, key: string): JsonObject {
  const value = holder[key];
  return isObject(value) ? value : {};
}

export function textIn(holder: JsonObject, key: string): string | undefined {
  const value = holder[key];
  return typeof value === "string" ? value : undefined;
}

export function numberIn(holder: JsonObject, key: string): number | undefined {
  const value = holder[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function listIn(holder: JsonObject, key: string): readonly unknown[] {
  const value = holder[key];
  return Array.isArray(value) ? value : [];
}

export function objectsIn(holder: JsonObject, key: string): readonly JsonObject[] {
  return listIn(holder, key).filter(isObject);
}
