/** What the traffic came to, as its clients saw it. */
import type { Reply } from "./simulate-client.ts";

export interface Tally {
  readonly requests: number;
  /** Whom they were of, whoever answered. */
  readonly units: number;
  readonly byResult: Readonly<Record<Reply["result"], number>>;
  /** Of what was refused or cut, by status and code; of what was unreachable, by the connection's. */
  readonly failures: ReadonlyMap<string, number>;
  /** Whom the headers named, by variant. */
  readonly variants: ReadonlyMap<string, { readonly requests: number; readonly units: number }>;
  /** Answers by the reason of their assignment. */
  readonly assignments: ReadonlyMap<string, number>;
  readonly retried: number;
  /** Unreachable answers since the last one of any other kind. */
  readonly unreachableInARow: number;
  /** Milliseconds; undefined before the first whole answer. */
  latency(p: number): number | undefined;
}

export interface CountedTally extends Tally {
  count(reply: Reply, unit: string): void;
}

export function createTally(): CountedTally {
  const byResult = { answered: 0, refused: 0, cut: 0, abandoned: 0, unreachable: 0 };
  const failures = new Map<string, number>();
  const assignments = new Map<string, number>();
  const arms = createArms();
  const latencies: number[] = [];
  const units = new Set<string>();
  let requests = 0;
  let retried = 0;
  let unreachableInARow = 0;

  return {
    get requests() {
      return requests;
    },
    get units() {
      return units.size;
    },
    get retried() {
      return retried;
    },
    get unreachableInARow() {
      return unreachableInARow;
    },
    get variants() {
      return arms.counts();
    },
    byResult,
    failures,
    assignments,
    latency: (p) => latencies.toSorted((a, b) => a - b)[Math.floor(p * latencies.length)],
    count: (reply, unit) => {
      requests += 1;
      units.add(unit);
      byResult[reply.result] += 1;
      unreachableInARow = reply.result === "unreachable" ? unreachableInARow + 1 : 0;
      if (reply.isRetried) retried += 1;
      if (reply.result === "answered") latencies.push(reply.latencyMs);
      else if (reply.result !== "abandoned") add(failures, failureName(reply));
      if (reply.assignment === undefined) return;
      add(assignments, reply.assignment);
      if (reply.assignment === "split" && reply.variantId !== undefined) arms.add(reply.variantId, unit);
    },
  };
}

function createArms() {
  const arms = new Map<string, { requests: number; readonly units: Set<string> }>();
  return {
    add: (variantId: string, unit: string) => {
      const arm = arms.get(variantId) ?? { requests: 0, units: new Set() };
      arm.requests += 1;
      arm.units.add(unit);
      arms.set(variantId, arm);
    },
    counts: () =>
      new Map([...arms].map(([id, { requests, units }]) => [id, { requests, units: units.size }])),
  };
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** `502 upstream_error`, `cut upstream_stream_interrupted`, `ECONNRESET`. */
function failureName({ result, status, code }: Reply): string {
  if (result === "unreachable") return code ?? "no answer";
  return [result === "cut" ? "cut" : String(status), code].filter((part) => part !== undefined).join(" ");
}
