/** A key's text: `ask_<id>_<secret>`, 12 hex digits and 43 of base64url. */
import { hash } from "node:crypto";
import type { ClientKey } from "../domain/client-key.ts";
import type { ControlEvent, KeyCreatedEvent, KeyRevokedEvent } from "../domain/control.ts";

const idBytes = 6;
/** 256 bits: guessing is hopeless, so a plain hash is enough, and a slow one would be a way to exhaust us. */
const secretBytes = 32;

export interface KeyText {
  readonly id: string;
  readonly secret: string;
}

/** `random` gives that many bytes nobody can guess. */
export function createKeyText(random: (bytes: number) => Buffer): KeyText {
  return { id: random(idBytes).toString("hex"), secret: random(secretBytes).toString("base64url") };
}

export function writeKeyText({ id, secret }: KeyText): string {
  return `ask_${id}_${secret}`;
}

/** Undefined for what is no key of ours. */
export function parseKeyText(text: string): KeyText | undefined {
  const [, id, secret] = /^ask_([0-9a-f]{12})_([\w-]{43})$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** What people write down of a key must not be the key: a reason is kept for ever. */
export function withoutKeys(text: string): string {
  return text.replaceAll(/ask_([0-9a-f]{12})_[\w-]{43}/g, "key $1");
}

/** 64 hex digits. */
export function digestOfSecret(secret: string): string {
  return hash("sha256", secret);
}

/** The token of `authorization: Bearer <token>` (RFC 6750, 2.1); the scheme's case does not matter. Undefined for anything else. */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !/^bearer /i.test(authorization)) return undefined;
  return authorization.slice("bearer ".length).trim();
}

export interface KeyState {
  readonly key: ClientKey;
  readonly created: Pick<KeyCreatedEvent, "by" | "reason">;
  readonly revoked: Pick<KeyRevokedEvent, "by" | "reason" | "at"> | undefined;
}

/** Every key that there was, oldest first. */
export function keysAfter(events: readonly ControlEvent[]): readonly KeyState[] {
  const states = new Map<string, KeyState>();
  for (const event of events) {
    if (event.kind === "key_created") {
      states.set(event.key.id, { key: event.key, created: event, revoked: undefined });
    }
    const state = event.kind === "key_revoked" ? states.get(event.keyId) : undefined;
    if (state !== undefined && event.kind === "key_revoked" && state.revoked === undefined) {
      states.set(state.key.id, { ...state, revoked: event });
    }
  }
  return [...states.values()];
}
