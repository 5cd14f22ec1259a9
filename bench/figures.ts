/** What can be measured of a candidate; a kind of scenario yields some of these. The unit ends the name. */
export const figureNames = [
  "cpuUs",
  "p50Ms",
  "p99Ms",
  "perSecond",
  "rssMb",
  "directP50Ms",
  "directP99Ms",
  "addedP50Ms",
  "addedP99Ms",
  "addedFirstByteP50Ms",
  "addedFirstByteP99Ms",
  "eventP50Ms",
  "eventP99Ms",
  "addedEventP50Ms",
  "addedEventP99Ms",
  "rssPerStreamKb",
  "rssTakenMb",
  "rssGrowthMb",
] as const;

export type FigureName = (typeof figureNames)[number];

/** Of one round. `cpuUs` is for each request, or for each chunk of a stream. */
export type Figures = Readonly<Partial<Record<FigureName, number>>>;
