/** Microseconds of the machine's monotonic clock: the same line in every process, so that one may stamp and another read. */
export const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n);
