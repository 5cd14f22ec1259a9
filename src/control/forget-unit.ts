import type { ControlStore, Order } from "../domain/control.ts";
import type { EventStore, Forgotten } from "../domain/store.ts";

export interface ForgetOrder extends Order {
  readonly unitHash: string;
}

export interface ForgetPorts {
  readonly journal: Pick<ControlStore, "append">;
  readonly store: Pick<EventStore, "forget">;
  /** Resolves when what other processes have recorded so far is with the store. */
  readonly gather: () => unknown;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Takes a unit out of the store and writes down that it was done, with the hash alone. A crash in between leaves it done and not
 * written down: ordered again, it finds nothing, and is written down.
 */
export async function forgetUnit(
  { journal, store, gather, now }: ForgetPorts,
  order: ForgetOrder,
): Promise<Forgotten> {
  await gather();
  const forgotten = await store.forget(order.unitHash);
  await journal.append({ kind: "unit_forgotten", at: now(), ...order, forgotten });
  return forgotten;
}
