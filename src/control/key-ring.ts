/** The keys of clients and operators: made, revoked, and kept in the journal. */
import {
  createKeyText,
  digestOfSecret,
  type KeyState,
  keysAfter,
  withoutKeys,
  writeKeyText,
} from "../core/client-key.ts";
import { createKeyTable, type KeyTable } from "../core/client-key-table.ts";
import type { ClientKey } from "../domain/client-key.ts";
import type { ControlStore, KeyRevokedEvent, Order } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";

export interface KeyRingParts {
  readonly store: ControlStore;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** So many bytes that nobody can guess. */
  readonly random: (bytes: number) => Buffer;
  /** Told at once after every change; resolves when it is in force wherever traffic is served. */
  readonly changed: () => void | Promise<void>;
}

export type KeyOrder = Order & Pick<ClientKey, "name" | "role" | "scope" | "limits" | "expiresAt">;

export class KeyRing {
  readonly #parts: KeyRingParts;
  /** Revocations that hold in this process and are not durable: yet, or, where the disk failed, at all. */
  #unwritten: readonly KeyRevokedEvent[] = [];
  /** Keys whose revocation the disk has refused: it may be tried again. */
  readonly #refused = new Set<string>();
  #all: readonly KeyState[] = [];
  #table: KeyTable = createKeyTable([]);

  constructor(parts: KeyRingParts) {
    this.#parts = parts;
    this.#refresh();
  }

  /** The keys that stand. Another one after every change. */
  get table(): KeyTable {
    return this.#table;
  }

  /** Every key that there was, oldest first. */
  get all(): readonly KeyState[] {
    return this.#all;
  }

  /** Durable, and in force for the next request, when the promise resolves. Its text is in the answer and nowhere else. */
  async create(order: KeyOrder): Promise<{ readonly key: ClientKey; readonly text: string }> {
    const { store, now, random, changed } = this.#parts;
    const { name, role, scope, limits, expiresAt, ...who } = order;
    const text = createKeyText(random);
    const digest = digestOfSecret(text.secret);
    const key = { id: text.id, name, role, digest, scope, limits, createdAt: now(), expiresAt };
    await store.append({ kind: "key_created", at: key.createdAt, ...who, key });
    this.#refresh();
    await changed();
    return { key, text: writeKeyText(text) };
  }

  /** In force for the next request, and durable, when the promise resolves; in force all the same when it rejects. */
  async revoke({ keyId, ...who }: Order & { readonly keyId: string }): Promise<KeyState> {
    const { store, now, changed } = this.#parts;
    const state = this.#all.find(({ key }) => key.id === keyId);
    if (state === undefined)
      throw new Failure("not_found", `There is no key "${withoutKeys(keyId).slice(0, 64)}".`);
    if (state.revoked !== undefined && !this.#refused.delete(keyId))
      throw new Failure("conflict", `Key ${keyId} is revoked already.`);
    const event: KeyRevokedEvent = { kind: "key_revoked", at: now(), ...who, keyId };
    // It must not wait for a slow disk: it holds at once, and then it is made to last.
    this.#unwritten = [...this.#unwritten.filter((one) => one.keyId !== keyId), event];
    this.#refresh();
    const isEverywhere = changed();
    try {
      await store.append(event);
    } catch (cause) {
      this.#refused.add(keyId);
      await isEverywhere;
      const message = `Key ${keyId} is revoked in this instance, but that could not be kept: a restart gives it back. The log has the cause; revoke it again once that is mended.`;
      throw new Failure("internal_error", message, { cause });
    }
    this.#unwritten = this.#unwritten.filter((one) => one !== event);
    this.#refresh();
    await isEverywhere;
    return { ...state, revoked: event };
  }

  #refresh(): void {
    this.#all = keysAfter([...this.#parts.store.read(), ...this.#unwritten]);
    this.#table = createKeyTable(
      this.#all.flatMap(({ key, revoked }) => (revoked === undefined ? [key] : [])),
    );
  }
}
