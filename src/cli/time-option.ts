import { Failure } from "../domain/failure.ts";

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Epoch milliseconds of `2026-11-03`, `2026-11-03T12:00` (UTC where no zone is told) or `7d` (that long before `now`). Throws
 * `invalid_value` for anything else.
 */
export function timeOption(name: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ago = /^(\d+)([mhd])$/.exec(text);
  if (ago !== null) return now - Number(ago[1]) * (units[ago[2] ?? ""] ?? 0);
  if (/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)) {
    const hasZone = /T.*(Z|[+-]\d{2}:\d{2})$/.test(text);
    // Without a zone JavaScript would take a date for UTC and a time for local.
    const at = Date.parse(hasZone || !text.includes("T") ? text : `${text}Z`);
    if (Number.isFinite(at)) return at;
  }
  throw new Failure(
    "invalid_value",
    `--${name} must be a time such as 2026-11-03, 2026-11-03T12:00Z or 7d (ago); it was "${text}".`,
  );
}
