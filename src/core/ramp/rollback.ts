import type { RampConfig, RampState } from "../../domain/ramp.ts";

/** Takes the treatment back, and locks its digest: the same one may not try again the next minute. */
export function rolledBack(
  state: RampState,
  {
    config,
    now,
    by,
    reason,
  }: {
    readonly config: RampConfig;
    readonly now: number;
    readonly by: string;
    readonly reason: string;
  },
): RampState {
  const { variantDigest: digest } = state;
  const standing = state.locks.filter((lock) => lock.until > now && lock.digest !== digest);
  const locks = digest === undefined ? standing : [...standing, { digest, until: now + config.lockMs }];
  return { ...state, status: "rolling_back", by, reason, locks };
}
