/** The least that W3C Baggage (Limits) asks everybody to pass on; more is not read. */
const maxBytes = 8_192;
const maxMembers = 64;

const keyPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const valuePattern = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/**
 * The members of a `baggage` header, percent-decoded, without their properties (W3C Baggage, Header Content). Malformed
 * members are left out; of a key given twice the last one counts, as in OpenTelemetry's SDKs.
 */
export function parseBaggage(header: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  const kept = header.length > maxBytes ? wholeMembers(header) : header;
  for (const member of kept.split(",", maxMembers)) {
    const pair = parseMember(member);
    if (pair !== undefined) members.set(pair.key, pair.value);
  }
  return members;
}

// A member that the limit cuts in two would be another value.
function wholeMembers(header: string): string {
  return header.slice(0, Math.max(0, header.lastIndexOf(",", maxBytes)));
}

function parseMember(member: string): { readonly key: string; readonly value: string } | undefined {
  const pair = member.split(";", 1)[0] ?? "";
  const equals = pair.indexOf("=");
  if (equals === -1) return undefined;
  const key = pair.slice(0, equals).trim();
  const encoded = pair.slice(equals + 1).trim();
  if (!keyPattern.test(key) || !valuePattern.test(encoded)) return undefined;
  const value = percentDecoded(encoded);
  return value === undefined ? undefined : { key, value };
}

// The standard puts U+FFFD in place of octets that are not UTF-8; here that would make one unit of several.
function percentDecoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
