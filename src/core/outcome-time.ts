/** Clients' clocks may be wrong by this much. */
export const clockSkewMs = 5 * 60_000;

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** When a UUIDv7 was made, epoch milliseconds (RFC 9562, 5.7); undefined for what is none in lower case. */
export function uuidTime(id: string): number | undefined {
  if (!uuidV7.test(id)) return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Epoch milliseconds of an RFC 3339 time or of a number that is that already; undefined for anything else. */
export function parseInstant(written: unknown): number | undefined {
  if (typeof written === "number") return Number.isFinite(written) ? Math.round(written) : undefined;
  const found = typeof written === "string" ? rfc3339.exec(written) : null;
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  const offset = (Number(found[9] ?? 0) * 60 + Number(found[10] ?? 0)) * (found[8] === "-" ? -1 : 1);
  const midnight = new Date(Date.UTC(year, month - 1, day));
  // Date.UTC takes 30 February for 2 March.
  const isDate = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day;
  // A leap second is the first of the next minute.
  const isTime = hour < 24 && minute < 60 && second <= 60 && Math.abs(offset) < 24 * 60;
  if (!isDate || !isTime) return undefined;
  const seconds = (hour * 60 + minute - offset) * 60 + second;
  return midnight.getTime() + seconds * 1000 + Math.trunc(Number(found[7] ?? 0) * 1000);
}
