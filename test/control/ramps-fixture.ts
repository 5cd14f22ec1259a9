/** Ramps over a journal in memory, with the revisions and switches of a server and readings that the test says. */
import { Ramps } from "../../src/control/ramps.ts";
import { Revisions } from "../../src/control/revisions.ts";
import { Switchboard } from "../../src/control/switchboard.ts";
import { revisionOf } from "../../src/core/revision.ts";
import type { ControlEvent } from "../../src/domain/control.ts";
import type { RampConfig, RampReadings, RampTransition } from "../../src/domain/ramp.ts";
import { configOf } from "../config/config-fixture.ts";
import { experimentWith, variantsOf } from "../core/experiment-fixture.ts";
import { lookMs, noon, rampWith, readingsWith } from "../core/ramp/ramp-fixture.ts";
import { anySource, createTestLog, createTestStore } from "./control-fixture.ts";

export const quick: RampConfig = rampWith({
  steps: [0.1, 0.5].map((share) => ({
    share,
    leastMs: 4 * lookMs,
    mostMs: 100 * lookMs,
    leastUnits: 1,
    leastRequests: 1,
    asksApproval: false,
  })),
});

export interface Harness {
  readonly ramps: Ramps;
  readonly store: ReturnType<typeof createTestStore>;
  readonly revisions: Revisions;
  readonly switches: Switchboard;
  readonly decided: RampTransition[];
  /** What the statistics say; a function may wait. */
  answer: () => RampReadings | Promise<RampReadings>;
  /** What the gate says, of a plan that has one. */
  gate: () => Promise<NonNullable<RampReadings["gate"]>>;
  /** What the file says; undefined cannot be read. */
  file: { plan: RampConfig | undefined; model: string; controlId?: string } | undefined;
  order(kind: Parameters<Ramps["order"]>[1]["kind"], overridesLock?: boolean): Promise<RampTransition>;
  look(times?: number): Promise<void>;
  clock: number;
}

/** As a server would open over this journal. */
export async function opened(
  events: readonly ControlEvent[] = [],
  plan: RampConfig = quick,
): Promise<Harness> {
  const config = configOf("upstreams:\n  main: {}\n");
  // What a journal on disk gives back.
  const store = createTestStore(JSON.parse(JSON.stringify(events)));
  const log = createTestLog();
  const decided: RampTransition[] = [];
  const harness: Pick<Harness, "answer" | "gate" | "file" | "clock"> = {
    answer: () => readingsWith(),
    gate: async () => "missing",
    file: { plan, model: "m" },
    clock: Math.max(noon, ...events.map(({ at }) => at)),
  };
  const now = () => harness.clock;
  const revisions = await Revisions.open({
    load(given) {
      const { file } = harness;
      if (file === undefined) return { problems: ["assay.yaml:1:1 no"], files: [] };
      const variants = variantsOf({ control: 50, candidate: 50 }).map((one) => ({
        ...one,
        model: file.model,
      }));
      const { controlId = "control" } = file;
      const change = { ramp: file.plan, variants, controlId, incumbentId: controlId };
      const experiments = { tone: experimentWith(change) };
      const made = revisionOf(
        { config: { ...config, experiments }, digest: file.model.repeat(64) },
        given,
        0,
      );
      return "problems" in made ? { ...made, files: [] } : { ...made, source: anySource, files: [] };
    },
    prepare: async () => () => {},
    store,
    log,
    now,
    onReload: () => {},
  });
  const switches = new Switchboard(store, undefined, now);
  const ramps = new Ramps({
    store,
    revision: () => revisions.current,
    reload: (order) => revisions.reload(order),
    switches,
    definitions: () => [],
    read: async () => harness.answer(),
    askGate: () => harness.gate(),
    decided: (transition) => decided.push(transition),
    turnMs: 100,
    log,
    now,
  });
  return Object.assign(harness, {
    ramps,
    store,
    revisions,
    switches,
    decided,
    order: (kind: Parameters<Ramps["order"]>[1]["kind"], overridesLock = false) =>
      ramps.order("tone", { kind, by: "ada", reason: "because", overridesLock }),
    async look(times = 1) {
      for (let at = 0; at < times; at++) {
        harness.clock += lookMs;
        await ramps.look("tone");
      }
    },
  });
}
