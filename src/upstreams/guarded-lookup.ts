import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { isForbidden, isLoopbackName, type NetworkKind, networkKind } from "../core/network-address.ts";
import { Failure } from "../domain/failure.ts";

/**
 * A lookup for the connections of one upstream: gives what `lookup` found, or `upstream_address_refused` if any of it is
 * where a public name has no business. The connection goes to the addresses that were looked at here, so a name that
 * changes between a check and its use (DNS rebinding) gains nothing. Literal addresses never come here: the
 * configuration is their check.
 */
export function guardedLookup(
  upstream: { readonly name: string; readonly canReachPrivate: boolean },
  lookup: LookupFunction,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const addresses: LookupAddress[] =
        typeof found === "string" ? [{ address: found, family: family ?? 0 }] : found;
      const refused = addresses.find(({ address }) => !allows(upstream.canReachPrivate, hostname, address));
      const [first] = addresses;
      if (refused !== undefined) callback(refusal(upstream, hostname, refused.address), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? "", first?.family);
    });
  };
}

function allows(canReachPrivate: boolean, hostname: string, address: string): boolean {
  const kind = kindOf(address);
  if (kind === "public") return true;
  if (isForbidden(kind)) return false;
  return canReachPrivate || (kind === "loopback" && isLoopbackName(hostname));
}

/** What cannot be read is not let through. */
function kindOf(address: string): NetworkKind {
  return networkKind(address) ?? "reserved";
}

function refusal(upstream: { readonly name: string }, hostname: string, address: string): Failure {
  const kind = kindOf(address);
  const cure = isForbidden(kind)
    ? "no upstream may be there, check its base_url"
    : "set private_network: true on it under upstreams if that is meant";
  return new Failure(
    "upstream_address_refused",
    `The host "${hostname}" of upstream "${upstream.name}" resolves to a ${kind.replace("_", "-")} address; ${cure}.`,
    { cause: new Error(`${hostname} resolves to ${address}`) },
  );
}
