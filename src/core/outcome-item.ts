import { Failure, type FailureCode } from "../domain/failure.ts";
import { didYouMean } from "./did-you-mean.ts";

/** One outcome of a body, as it was sent. */
export interface OutcomeItem {
  /** Without the members that are null: clients that type them all send those. */
  readonly members: ReadonlyMap<string, unknown>;
  /** How errors name a member: `value`, or `[3].value` in an array. */
  param(name: string): string;
}

/** A refusal of one member; the message goes on after its name. */
export function refusal(item: OutcomeItem, name: string, say: string, code?: FailureCode): Failure {
  const param = item.param(name);
  return new Failure(code ?? "invalid_value", `${param} ${say}`, { param });
}

/** `; did you mean "csat"?`, or the names that there are. */
export function meant(wrong: string, names: readonly string[]): string {
  const near = didYouMean(wrong, names);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  const shown = names.slice(0, 20).map((name) => JSON.stringify(name));
  return `use one of ${shown.join(", ")}${names.length > shown.length ? ", …" : ""}.`;
}

/** Text of the client's own in a message to it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
