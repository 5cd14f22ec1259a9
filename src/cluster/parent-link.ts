/** A worker's channel to its primary. */
import { Failure } from "../domain/failure.ts";
import { type Answers, createLink, type Link } from "./link.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";

/** Hears the primary from now on. Without it there is nothing to serve for: when it ends, so does this process. */
export function linkToPrimary<Settings, State>(answers: Answers<ToWorker<Settings, State>>): Link<ToPrimary> {
  const link = createLink<ToPrimary, ToWorker<Settings, State>>({
    post: (message) => process.send?.(message, undefined, {}, () => {}),
    answers,
    lost: () => new Failure("store_unavailable", "The primary process has ended."),
  });
  process.on("message", link.receive);
  process.on("disconnect", () => process.exit());
  // A terminal and a service manager signal the whole group: it is the primary who says when a worker ends.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  return link;
}
