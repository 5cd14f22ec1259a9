/** The keys that stand, for looking one up as each request comes. */
import { timingSafeEqual } from "node:crypto";
import type { ClientKey } from "../domain/client-key.ts";
import { bearerToken, digestOfSecret, parseKeyText } from "./client-key.ts";

export type Identified =
  | { readonly kind: "known"; readonly key: ClientKey }
  | { readonly kind: "missing" | "malformed" | "unknown" }
  | { readonly kind: "expired"; readonly at: number };

export interface KeyTable {
  readonly keys: readonly ClientKey[];
  /** Whose key an `authorization` header carries. `now` is in epoch milliseconds. */
  identify(authorization: string | undefined, now: number): Identified;
}

export function createKeyTable(keys: readonly ClientKey[]): KeyTable {
  const byId = new Map(keys.map((key) => [key.id, { key, digest: Buffer.from(key.digest, "hex") }]));
  return {
    keys,
    identify(authorization, now) {
      if (authorization === undefined || authorization === "") return { kind: "missing" };
      const text = parseKeyText(bearerToken(authorization) ?? "");
      if (text === undefined) return { kind: "malformed" };
      const held = byId.get(text.id);
      // Reckoned for an unknown id too: the time must not tell which ids there are.
      const digest = Buffer.from(digestOfSecret(text.secret), "hex");
      if (!timingSafeEqual(digest, held?.digest ?? digest) || held === undefined) return { kind: "unknown" };
      const { key } = held;
      // Only whoever has the secret hears that it has expired.
      if (key.expiresAt !== undefined && key.expiresAt <= now) return { kind: "expired", at: key.expiresAt };
      return { kind: "known", key };
    },
  };
}
