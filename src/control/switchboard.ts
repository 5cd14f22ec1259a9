/** The kill switches of this process: those of the environment, and those that were set and are kept. */
import { scopeName, switchesAfter, switchesFromEnvironment } from "../core/kill-switch.ts";
import type { ControlEvent, ControlStore, KillScope, KillSwitch, Order } from "../domain/control.ts";
import { Failure } from "../domain/failure.ts";

type KillOrder = Order & { readonly scope: KillScope; readonly source?: "ramp" };

export class Switchboard {
  readonly #store: ControlStore;
  readonly #now: () => number;
  readonly #fromEnvironment: readonly KillSwitch[];
  readonly #changed: (switches: readonly KillSwitch[]) => void | Promise<void>;
  #switches: readonly KillSwitch[] = [];
  /** Kills that hold in this process and are not durable: yet, or, where the disk failed, at all. */
  #unwritten: readonly ControlEvent[] = [];

  /**
   * `environment` is the value of ASSAY_KILL_SWITCH; `now` gives epoch milliseconds. `changed` is told at once of all that
   * stand, and resolves when they are in force wherever traffic is served.
   */
  constructor(
    store: ControlStore,
    environment: string | undefined,
    now: () => number,
    changed: (switches: readonly KillSwitch[]) => void | Promise<void> = () => {},
  ) {
    this.#store = store;
    this.#now = now;
    this.#changed = changed;
    this.#fromEnvironment = switchesFromEnvironment(environment, now());
    this.#refresh();
  }

  /** All that stand. A new array after every change, so that a request can keep the one that it met. */
  get switches(): readonly KillSwitch[] {
    return this.#switches;
  }

  get names(): readonly string[] {
    return [...new Set(this.#switches.map(({ scope }) => scopeName(scope)))];
  }

  /** Whether a restart would find what stands for this scope. */
  isKept(scope: KillScope): boolean {
    return !this.#unwritten.some((one) => isKillOf(one, scopeName(scope)));
  }

  /** In force for the next request, and durable, when the promise resolves; in force all the same when it rejects. */
  async kill(order: KillOrder): Promise<void> {
    const event: ControlEvent = { kind: "killed", at: this.#now(), ...order };
    // A kill must not wait for a slow disk: it holds at once, and then it is made to last.
    const name = scopeName(order.scope);
    // One that is asked for again while the disk fails takes the place of the one before.
    this.#unwritten = [...this.#unwritten.filter((one) => !isKillOf(one, name)), event];
    this.#refresh();
    const isEverywhere = this.#changed(this.#switches);
    try {
      await this.#store.append(event);
    } catch (cause) {
      await isEverywhere;
      const message = `"${name}" is killed in this instance, but the kill could not be kept: a restart lifts it. The log has the cause.`;
      throw new Failure("internal_error", message, { cause });
    }
    this.#unwritten = this.#unwritten.filter((one) => one !== event);
    this.#refresh();
    await isEverywhere;
  }

  /** Lifts one switch. Throws `conflict` for one of the environment, and `not_found` for one that does not stand. */
  async revive(order: KillOrder): Promise<void> {
    const name = scopeName(order.scope);
    if (this.#fromEnvironment.some(({ scope }) => scopeName(scope) === name)) {
      throw new Failure("conflict", `"${name}" is killed by ASSAY_KILL_SWITCH; unset it and restart.`);
    }
    if (!this.#switches.some(({ scope }) => scopeName(scope) === name)) {
      const standing = this.names.length === 0 ? "none" : this.names.join(", ");
      throw new Failure("not_found", `No kill switch "${name}" is on; on are: ${standing}.`);
    }
    const lifted = this.#unwritten;
    await this.#store.append({ kind: "revived", at: this.#now(), ...order });
    this.#unwritten = this.#unwritten.filter((one) => !(lifted.includes(one) && isKillOf(one, name)));
    this.#refresh();
    await this.#changed(this.#switches);
  }

  #refresh(): void {
    const events = [...this.#store.read(), ...this.#unwritten];
    this.#switches = [...this.#fromEnvironment, ...switchesAfter(events)];
  }
}

function isKillOf(event: ControlEvent, name: string): boolean {
  return event.kind === "killed" && scopeName(event.scope) === name;
}
