/** The kill switch by which a ramp takes its treatment back: in force with every worker before any disk is asked. */
import { scopeName } from "../core/kill-switch.ts";
import type { KillScope, KillSwitch, Order } from "../domain/control.ts";
import type { Log } from "../domain/log.ts";
import type { RampConfig } from "../domain/ramp.ts";

export interface Switches {
  readonly switches: readonly KillSwitch[];
  /** Whether a restart would find what stands for this scope. */
  isKept(scope: KillScope): boolean;
  kill(order: Order & { readonly scope: KillScope; readonly source: "ramp" }): Promise<void>;
  revive(order: Order & { readonly scope: KillScope }): Promise<void>;
}

type Treatment = Pick<RampConfig, "experimentId" | "variantId">;

/** Who the journal says has decided, where nobody has ordered it. */
export const itself = "ramp";

export class RampKills {
  readonly #switches: Switches;
  readonly #log: Log;

  constructor(switches: Switches, log: Log) {
    this.#switches = switches;
    this.#log = log;
  }

  /** The one that the ramp itself has set; undefined where it stands no longer. */
  own(plan: Treatment): KillSwitch | undefined {
    const name = scopeName(scopeOf(plan));
    return this.#switches.switches.find(
      ({ scope, source }) => source === "ramp" && scopeName(scope) === name,
    );
  }

  /** In force everywhere when the promise resolves; gives whether it is durable. Where it is not, it is to be asked for again. */
  async set(plan: Treatment, reason: string): Promise<boolean> {
    const scope = scopeOf(plan);
    const own = this.own(plan);
    // A second kill would take the place of an operator's, and the next start would lift it.
    if (own === undefined && this.#hasOperators(scope)) return true;
    if (own !== undefined && this.#switches.isKept(scope)) return true;
    try {
      await this.#switches.kill({ scope, source: "ramp", by: itself, reason });
      return true;
    } catch (error) {
      this.#log.error("a rollback's kill is not durable", { error });
      return false;
    }
  }

  /** An operator's own kill stays. */
  async lift(plan: Treatment, { by, reason }: Order): Promise<void> {
    if (this.own(plan) === undefined) return;
    await this.#switches.revive({ scope: scopeOf(plan), by, reason: `ramp started: ${reason}` });
  }

  /** One of the environment may be gone after a restart, and is none of these. */
  #hasOperators(scope: KillScope): boolean {
    const name = scopeName(scope);
    return this.#switches.switches.some((one) => one.source === "admin" && scopeName(one.scope) === name);
  }
}

function scopeOf({ experimentId, variantId }: Treatment): KillScope {
  return { kind: "variant", experimentId, variantId };
}
