import { isObject } from "../core/chat-completion.ts";
import { Failure } from "../domain/failure.ts";
import { callAdmin } from "./admin-client.ts";
import type { Arguments, Io } from "./command.ts";

/** The server's experiment where it has one only. Throws `missing_required_parameter` with the names there are to choose from. */
export async function onlyExperiment(command: string, args: Arguments, io: Io): Promise<string> {
  const answer = await callAdmin(args, io, { method: "GET", path: "/admin/experiments" });
  const listed = Array.isArray(answer.experiments) ? answer.experiments.filter(isObject) : [];
  return onlyOf(
    command,
    listed.map(({ id }) => String(id)),
  );
}

/** Throws as `onlyExperiment` does. */
export function onlyOf(command: string, ids: readonly string[]): string {
  const [first, second] = ids;
  if (first !== undefined && second === undefined) return first;
  const message =
    first === undefined
      ? "The server has no experiment; add one to its configuration."
      : `Name the experiment: assay ${command} EXPERIMENT. There are: ${ids.join(", ")}.`;
  throw new Failure("missing_required_parameter", message);
}
