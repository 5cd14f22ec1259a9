/** Keys of clients and operators: who may come in, for what, and how much of it. */

/** What a key may do. `client` is the data plane; each of the others may on the admin listener what those before it may. */
export const keyRoles = ["client", "read", "operate", "administer"] as const;
export type KeyRole = (typeof keyRoles)[number];

export interface ClientKey {
  /** Public: 12 hex digits, by which the key is looked up and told of. */
  readonly id: string;
  readonly name: string;
  readonly role: KeyRole;
  /** SHA-256 of the secret, 64 hex digits; the secret itself is kept nowhere. */
  readonly digest: string;
  readonly scope: KeyScope;
  readonly limits: KeyLimits;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
}

/** Of models and experiments both undefined: all; one of them given, the other is empty. */
export interface KeyScope {
  /** Names of routes as `/v1/<name>`, `other` for what has none of its own, `*` for all. */
  readonly routes: readonly string[];
  readonly models?: readonly string[] | undefined;
  readonly experiments?: readonly string[] | undefined;
}

/** Undefined: no limit. Days are of UTC. */
export interface KeyLimits {
  readonly requestsPerMinute?: number | undefined;
  readonly concurrent?: number | undefined;
  readonly tokensPerDay?: number | undefined;
  readonly usdPerDay?: number | undefined;
}

export interface Spend {
  readonly tokens: number;
  readonly usd: number;
}

/** What keys have spent today. */
export interface SpendMeter {
  add(keyId: string, spend: Spend): void;
  of(keyId: string): Spend;
}
