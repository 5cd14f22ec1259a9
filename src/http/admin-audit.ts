/** Everything that was changed: by whom, why, from what to what. */
import { keysAfter } from "../core/client-key.ts";
import { scopeName } from "../core/kill-switch.ts";
import { isDecision } from "../core/ramp/next-state.ts";
import type { ControlEvent, RampEvent } from "../domain/control.ts";
import type { RampState } from "../domain/ramp.ts";
import { keyView } from "./admin-keys.ts";

/** The newest first, at most so many. Nothing in it opens a door: of a key not even its digest is told. */
export function auditView(events: readonly ControlEvent[], limit: number): readonly object[] {
  const killed = new Set<string>();
  const keys = new Map(keysAfter(events).map((state) => [state.key.id, state]));
  // A look that is kept for a restart has changed nothing.
  const changes = events.filter((event) => event.kind !== "ramp" || isDecision(event.transition));
  const entries = changes.map((event) => {
    if (event.kind === "killed" || event.kind === "revived") return switchEntry(event, killed);
    if (event.kind === "key_created" || event.kind === "key_revoked") {
      const isCreated = event.kind === "key_created";
      const state = keys.get(isCreated ? event.key.id : event.keyId);
      const view = state && keyView({ ...state, revoked: undefined }, event.at);
      const { key: _, ...told } = isCreated ? event : { ...event, key: undefined };
      return { ...told, before: isCreated ? undefined : view, after: isCreated ? view : undefined };
    }
    if (event.kind === "ramp") return rampEntry(event);
    if (event.kind !== "revision") return event;
    const { allocated } = event;
    const shares = allocated && { before: allocated.before, after: allocated.shares ?? allocated.base };
    return { ...event, after: event.revision, shares };
  });
  return entries.slice(-limit).reverse();
}

/** What it was made of is with the ramp. */
function rampEntry({ transition, plan: _, shares, ...told }: RampEvent): object {
  const { rule, from, to, order } = transition;
  const stand = ({ status, step }: RampState) => ({ status, step: step + 1 });
  return {
    ...told,
    rule,
    order: order?.kind,
    before: stand(from),
    after: { ...stand(to), coverage: shares.coverage },
  };
}

function switchEntry(
  event: Extract<ControlEvent, { kind: "killed" | "revived" }>,
  killed: Set<string>,
): object {
  const before = [...killed];
  const name = scopeName(event.scope);
  if (event.kind === "killed") killed.add(name);
  else killed.delete(name);
  return { ...event, before, after: [...killed] };
}
