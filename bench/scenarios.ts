import type { RequestShape } from "./messages.ts";

/**
 * `burst`: as fast as the candidate answers. `pairs`: each request goes to the upstream itself and then to the candidate,
 * so that what is added is seen. `held`: streams that stay open. `slow_reader`: streams that are hardly read.
 */
export type Kind = "burst" | "pairs" | "held" | "slow_reader";

export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly kind: Kind;
  /** `fast` is nginx where there is one, and the paced one otherwise. */
  readonly upstream: "fast" | "paced";
  readonly request: RequestShape;
  readonly connections: number;
  /** Of one burst, unless its time is over first. */
  readonly count: number;
  readonly mostMs: number;
  readonly rounds: number;
  /** Further rounds before, that are not kept: for what the common warm-up has not met. */
  readonly warmRounds: number;
  /** 0 where the quick run leaves it out. */
  readonly quickRounds: number;
  /** `conditions` are one candidate's own: Assay under several. */
  readonly candidates: "all" | "conditions";
}

const small = { bytes: 1_800, isStream: false };
const stream = { bytes: 1_800, isStream: true };

const plain: Scenario = {
  name: "plain",
  about: "1.8 KB, 32 at once",
  kind: "burst",
  upstream: "fast",
  request: small,
  connections: 32,
  count: 4_000,
  mostMs: 1_200,
  rounds: 7,
  warmRounds: 0,
  quickRounds: 3,
  candidates: "all",
};
const fast: Scenario = { ...plain, rounds: 6, warmRounds: 1, quickRounds: 0 };
const paced: Scenario = { ...plain, upstream: "paced", mostMs: 5_000, rounds: 6, quickRounds: 0 };

/** In the order in which they run: those of one upstream together, since they share the processes. */
export const scenarios: readonly Scenario[] = [
  plain,
  {
    ...plain,
    name: "latency",
    about: "1.8 KB, one at a time, beside direct",
    kind: "pairs",
    connections: 1,
    mostMs: 1_000,
    rounds: 6,
    quickRounds: 2,
  },
  {
    ...fast,
    name: "20kb",
    about: "20 KB, 32 at once",
    request: { ...small, bytes: 20_000 },
    count: 2_500,
  },
  {
    ...fast,
    name: "200kb",
    about: "200 KB, 32 at once",
    request: { ...small, bytes: 200_000 },
    count: 800,
  },
  { ...fast, name: "256", about: "1.8 KB, 256 at once", connections: 256 },
  {
    ...fast,
    name: "conditions",
    about: "1.8 KB, 32 at once, Assay under other conditions",
    candidates: "conditions",
    warmRounds: 0,
  },
  {
    ...paced,
    name: "stream",
    about: "streams of 100 chunks, one each 10 ms, 32 at once",
    request: stream,
    count: 32,
    quickRounds: 2,
  },
  {
    ...paced,
    name: "stream-latency",
    about: "streams of 100 chunks, one each 2 ms, eight at once, beside direct",
    kind: "pairs",
    request: { ...stream, wish: "#interval=2#" },
    connections: 8,
    count: 32,
  },
  {
    ...paced,
    name: "50ms",
    about: "1.8 KB, upstream of 50 ms, 32 at once, beside direct",
    kind: "pairs",
    request: { ...small, wish: "#delay=50#" },
    count: 320,
    warmRounds: 1,
  },
  {
    ...paced,
    name: "open-streams",
    about: "2,000 streams open at once, one chunk a second each",
    kind: "held",
    request: { ...stream, wish: "#interval=1000#" },
    connections: 2_000,
    rounds: 1,
  },
  {
    ...paced,
    name: "slow-reader",
    about: "8 streams of 64 MB, each read at 64 KB a second",
    kind: "slow_reader",
    request: { ...stream, wish: "#flood=64#" },
    connections: 8,
    rounds: 1,
  },
];

export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((one) => one.name === name);
  if (found === undefined)
    throw new Error(`no scenario "${name}"; there are ${scenarios.map((one) => one.name).join(", ")}`);
  return found;
}
