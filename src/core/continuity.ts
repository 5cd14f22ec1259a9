/**
 * What a revision must not change under the units that are in its experiments: the variant of a position, and the text of a
 * prompt version. Both are judged by the control plane's events, so a restart knows what the process before it served.
 */
import type { Revision } from "../domain/config.ts";
import type { ControlEvent } from "../domain/control.ts";
import type { LedgerEntry } from "../domain/experiment.ts";
import { conflicts, newEntries } from "./range-ledger.ts";

/** What units meet first under a revision. */
export interface Exposure {
  readonly entries: readonly LedgerEntry[];
  /** SHA-256 by `name@version`. */
  readonly prompts: Readonly<Record<string, string>>;
}

/** Why this revision must be refused; empty when it may be put in force. */
export function continuityProblems(revision: Revision, events: readonly ControlEvent[]): string[] {
  const { entries, prompts } = exposureSoFar(events);
  const moved = Object.values(revision.config.experiments).flatMap((experiment) => {
    const allocation = revision.allocations.get(experiment.id);
    if (allocation === undefined) return [];
    return conflicts(entries, experiment, allocation).map(({ message }) => message);
  });
  const changed = Object.entries(promptsInUse(revision)).flatMap(([name, hash]) => {
    const before = prompts[name];
    if (before === undefined || before === hash) return [];
    return [
      `prompt "${name}" has changed since units met it, and a version never does; put it back, and add a new version`,
    ];
  });
  return [...moved, ...changed];
}

/** What is new with this revision, to be kept before the first unit can meet it. */
export function exposureBy(revision: Revision, events: readonly ControlEvent[]): Exposure {
  const known = exposureSoFar(events);
  const entries = Object.values(revision.config.experiments).flatMap((experiment) => {
    const allocation = revision.allocations.get(experiment.id);
    return allocation === undefined ? [] : newEntries(known.entries, experiment, allocation);
  });
  const prompts = Object.entries(promptsInUse(revision)).filter(
    ([name]) => known.prompts[name] === undefined,
  );
  return { entries, prompts: Object.fromEntries(prompts) };
}

function exposureSoFar(events: readonly ControlEvent[]): Exposure {
  const exposures = events.filter((event) => event.kind === "exposed" || event.kind === "revision");
  return {
    entries: exposures.flatMap(({ entries }) => entries),
    prompts: Object.assign({}, ...exposures.map(({ prompts }) => prompts)),
  };
}

/** A prompt that no variant uses may still be written on. */
function promptsInUse(revision: Revision): Record<string, string> {
  const names = Object.values(revision.config.experiments).flatMap(({ variants }) =>
    variants.flatMap(({ prompt }) => prompt ?? []),
  );
  return Object.fromEntries(
    names.flatMap((name) => {
      const hash = revision.prompts.get(name)?.file.hash;
      return hash === undefined ? [] : [[name, hash]];
    }),
  );
}
