/** A fleet over workers that the test plays. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createFleet } from "../../src/cluster/fleet.ts";
import type { Boot } from "../../src/cluster/messages.ts";
import type { Place } from "../../src/cluster/share-of-limit.ts";
import type { WorkerProcess } from "../../src/cluster/worker-process.ts";
import { parseScope } from "../../src/core/kill-switch.ts";
import type { RevisionSource } from "../../src/domain/config.ts";
import type { KillSwitch, Standing } from "../../src/domain/control.ts";
import { Failure } from "../../src/domain/failure.ts";
import { anySource, createTestLog } from "../control/control-fixture.ts";

type State = { readonly counted: number };
type Played = (asked: never) => unknown;

/** The revision's id is told by the time at which it was loaded. */
const sourceOf = (letter: string): RevisionSource => ({ ...anySource, loadedAt: letter.charCodeAt(0) });
const idOf = ({ loadedAt }: RevisionSource) => String.fromCharCode(loadedAt);
const killAll: KillSwitch = { scope: parseScope("*"), source: "admin", by: "ada", reason: "it hurts", at: 1 };
const never = () => new Promise<never>(() => {});

/** One that does everything that it is told. */
class FakeWorker {
  readonly heard: string[] = [];
  /** The switches that it started with. */
  switches: readonly KillSwitch[] | undefined;
  readonly #ended = Promise.withResolvers<string>();
  #isLost = false;
  place: Place | undefined;
  /** What it does otherwise than a good one. */
  readonly play: Record<string, Played>;
  readonly pid: number;

  constructor(pid: number, play: Record<string, Played>) {
    this.pid = pid;
    this.play = play;
  }

  end(how: string): void {
    this.#isLost = true;
    this.#ended.resolve(how);
  }

  get isAlive(): boolean {
    return !this.#isLost;
  }

  get process(): WorkerProcess<string, State> {
    const isLost = () => this.#isLost;
    const good: Record<string, Played> = {
      boot: ({ source }: Boot<string>) => idOf(source),
      listen: ({ switches }: Standing) => {
        this.switches = switches;
        return 80;
      },
      prepare: idOf as Played,
      state: () => ({ counted: this.pid }),
      use: () => ({}),
    };
    const call = async (name: string, asked: never) => {
      this.heard.push(name);
      if (name === "place") this.place = asked;
      return (this.play[name] ?? good[name])?.(asked);
    };
    return {
      pid: this.pid,
      link: {
        // The fake's answers are checked by what the fleet makes of them.
        call: call as never,
        receive: () => {},
        lose: () => {},
        get isLost() {
          return isLost();
        },
      },
      ended: this.#ended.promise,
      kill: () => {
        this.play.kill?.(undefined as never);
        this.end("SIGKILL");
      },
      disconnect: () => this.end("exit code 0"),
    };
  }
}

/** `plays` tells of each worker, in the order of their starts, what it does otherwise. */
async function opened(t: TestContext, plays: readonly Record<string, Played>[] = []) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const workers: FakeWorker[] = [];
  const kept: (State | undefined)[] = [];
  const crashes: boolean[] = [];
  const log = createTestLog();
  let starts = 0;
  const fleet = createFleet<string, State>({
    size: 2,
    settings: async () => "settings",
    standing: { switches: [], keys: [] },
    start: () => {
      const play = plays[starts++] ?? {};
      play.start?.(undefined as never);
      const worker = new FakeWorker(workers.length + 1, play);
      workers.push(worker);
      return worker.process;
    },
    log,
    now: Date.now,
    onEnded(state, isCrash) {
      kept.push(state);
      crashes.push(isCrash);
    },
  });
  await putInForce(fleet, "a");
  return { fleet, workers, kept, crashes, log: log.lines };
}

async function putInForce(fleet: Awaited<ReturnType<typeof opened>>["fleet"], letter: string) {
  const commit = await fleet.prepare(letter, sourceOf(letter));
  await commit();
}

/** A deadline has two halves. */
async function pass(t: TestContext, milliseconds: number): Promise<void> {
  for (let half = 0; half < 2; half++) {
    await settle();
    t.mock.timers.tick(milliseconds / 2);
  }
  await settle();
}

/** Lets everything come to pass that waits for no clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
}

const revisions = (fleet: { readonly workers: readonly { readonly revision: string | undefined }[] }) =>
  fleet.workers.map(({ revision }) => revision);

describe("a fleet", () => {
  test("starts its workers with the revision in force, and gives their port", async (t) => {
    const { fleet } = await opened(t);
    assert.equal(await fleet.start(), 80);
    assert.deepEqual(revisions(fleet), ["a", "a"]);
    await fleet.close();
  });

  test("puts a revision in force in all of them, once all have made it", async (t) => {
    const { fleet, workers } = await opened(t);
    await fleet.start();
    const commit = await fleet.prepare("b", sourceOf("b"));
    assert.deepEqual(revisions(fleet), ["a", "a"]);
    await commit();
    assert.deepEqual(revisions(fleet), ["b", "b"]);
    assert.ok(workers.every(({ isAlive }) => isAlive));
    await fleet.close();
  });

  test("keeps everything as it is when a worker cannot make the revision", async (t) => {
    const cannot = () => {
      throw new Failure("config_invalid", "no such dialect");
    };
    const { fleet, workers } = await opened(t, [{}, { prepare: cannot }]);
    await fleet.start();
    await assert.rejects(fleet.prepare("b", sourceOf("b")), { message: "no such dialect" });
    assert.deepEqual(revisions(fleet), ["a", "a"]);
    assert.ok(workers.every(({ isAlive }) => isAlive));
    await fleet.close();
  });

  test("replaces a worker that does not make the revision in time, by one that starts with it", async (t) => {
    const { fleet, workers } = await opened(t, [{ prepare: never }]);
    await fleet.start();
    const prepared = fleet.prepare("b", sourceOf("b"));
    await pass(t, 15_000);
    const commit = await prepared;
    await commit();
    await settle();
    assert.deepEqual(revisions(fleet), ["b", "b"]);
    assert.equal(workers[0]?.isAlive, false);
    await fleet.close();
  });

  test("leaves nobody on an old revision: who does not put the new one in force is replaced", async (t) => {
    const { fleet, workers } = await opened(t, [{ commit: never }]);
    await fleet.start();
    const inForce = putInForce(fleet, "b");
    await pass(t, 5000);
    await inForce;
    await settle();
    assert.deepEqual(revisions(fleet), ["b", "b"]);
    assert.equal(workers[0]?.isAlive, false);
    assert.equal(workers[1]?.isAlive, true);
    await fleet.close();
  });

  test("answers for a switch when all that live have it, and who comes later starts with it", async (t) => {
    const { fleet, workers } = await opened(t, [{ switch: never }]);
    await fleet.start();
    let isEverywhere = false;
    const told = fleet.tell({ switches: [killAll], keys: [] }).then(() => {
      isEverywhere = true;
    });
    await settle();
    assert.equal(isEverywhere, false);
    await pass(t, 10_000);
    await told;
    await settle();
    assert.equal(workers[0]?.isAlive, false);
    assert.deepEqual(workers[2]?.switches, [killAll]);
    assert.ok(workers[1]?.heard.includes("switch"));
    await fleet.close();
  });

  test("replaces who has died, at once, and keeps the last that it told", async (t) => {
    const { fleet, workers, kept, crashes } = await opened(t);
    await fleet.start();
    await fleet.refresh();
    workers[1]?.end("SIGSEGV");
    await settle();
    assert.deepEqual(revisions(fleet), ["a", "a"]);
    assert.deepEqual(
      fleet.workers.map(({ restarts }) => restarts),
      [0, 1],
    );
    assert.deepEqual(kept, [{ counted: 2 }]);
    await fleet.close();
    assert.deepEqual(crashes, [true, false, false]);
  });

  test("shares the limits out anew when one has died, and again when its successor serves", async (t) => {
    const boots = Promise.withResolvers<string>();
    const using = (calls: number) => ({ use: () => ({ calls }) });
    const { fleet, workers } = await opened(t, [using(9), using(4), { boot: () => boots.promise }]);
    await fleet.start();
    await settle();
    assert.deepEqual(workers[0]?.place, { index: 0, uses: [{ calls: 9 }, { calls: 4 }] });
    assert.deepEqual(workers[1]?.place, { index: 1, uses: [{ calls: 9 }, { calls: 4 }] });
    workers[1]?.end("SIGSEGV");
    await settle();
    assert.deepEqual(workers[0]?.place, { index: 0, uses: [{ calls: 9 }] });
    boots.resolve("a");
    await settle();
    assert.deepEqual(workers[0]?.place, { index: 0, uses: [{ calls: 9 }, {}] });
    assert.deepEqual(workers[2]?.place, { index: 1, uses: [{ calls: 9 }, {}] });
    await fleet.close();
  });

  test("waits longer and longer for workers that die young", async (t) => {
    const { fleet, workers } = await opened(t);
    await fleet.start();
    const dieTwice = async () => {
      workers.at(-1)?.end("SIGSEGV");
      await settle();
    };
    await dieTwice();
    assert.equal(workers.length, 3);
    await dieTwice();
    assert.equal(workers.length, 3);
    t.mock.timers.tick(100);
    await settle();
    assert.equal(workers.length, 4);
    await dieTwice();
    t.mock.timers.tick(100);
    await settle();
    assert.equal(workers.length, 4);
    t.mock.timers.tick(100);
    await settle();
    assert.equal(workers.length, 5);
    await fleet.close();
  });

  test("does not start when a worker says why it cannot", async (t) => {
    const taken = () => {
      throw new Failure("config_invalid", "Cannot listen on 127.0.0.1:80");
    };
    const { fleet, workers } = await opened(t, [{}, { listen: taken }]);
    await assert.rejects(fleet.start(), { code: "config_invalid", message: /Cannot listen/ });
    await fleet.close();
    assert.equal(workers.length, 2);
    assert.ok(workers.every(({ isAlive }) => !isAlive));
  });

  test("does not start with a worker that makes another revision of the same files", async (t) => {
    const { fleet } = await opened(t, [{}, { boot: () => "z" }]);
    await assert.rejects(fleet.start(), /made revision z of what is a/);
    await fleet.close();
  });

  test("replaces nobody once it drains", async (t) => {
    const { fleet, workers } = await opened(t, [{ drain: never }]);
    await fleet.start();
    const drained = fleet.drain(1000);
    await settle();
    workers[1]?.end("SIGSEGV");
    await pass(t, 4000);
    await drained;
    await fleet.close();
    assert.equal(workers.length, 2);
  });

  test("ends who does not serve yet when it drains: the port must not come back", async (t) => {
    const { fleet, workers } = await opened(t, [{}, {}, { boot: never }]);
    await fleet.start();
    workers[1]?.end("SIGSEGV");
    await settle();
    const drained = fleet.drain(1000);
    await settle();
    assert.deepEqual(
      workers.map(({ isAlive }) => isAlive),
      [true, false, false],
    );
    await drained;
    await fleet.close();
    assert.equal(workers.length, 3);
  });

  test("tries again, ever later, where a worker cannot be started", async (t) => {
    const cannot = () => {
      throw new Error("spawn ENOMEM");
    };
    const { fleet, workers } = await opened(t, [{}, {}, { start: cannot }, { start: cannot }]);
    await fleet.start();
    workers[1]?.end("SIGSEGV");
    await settle();
    await pass(t, 1000);
    await pass(t, 1000);
    assert.equal(workers.length, 3);
    assert.deepEqual(revisions(fleet), ["a", "a"]);
    await fleet.close();
  });

  test("does not start with workers that hang while they do", async (t) => {
    const hanging = { boot: never };
    const { fleet, workers } = await opened(t, Array(6).fill(hanging));
    const started = assert.rejects(fleet.start(), /The workers end as soon as they have started/);
    for (let life = 0; life < 3; life++) {
      await pass(t, 30_000);
      await pass(t, 1000);
    }
    await started;
    assert.equal(workers.length, 6);
    await fleet.close();
  });

  test("answers for a switch without those that start, which serve by it when they do", async (t) => {
    const booted = Promise.withResolvers<string>();
    const { fleet, workers } = await opened(t, [{}, { boot: () => booted.promise, switch: never }]);
    const started = fleet.start();
    await settle();
    const told = fleet.tell({ switches: [killAll], keys: [] });
    await pass(t, 20_000);
    await told;
    assert.equal(workers.length, 2);
    booted.resolve("a");
    await started;
    assert.deepEqual(workers[1]?.switches, [killAll]);
    await fleet.close();
  });

  test("lets a worker that starts come to the revision of now before it serves", async (t) => {
    const booted = Promise.withResolvers<string>();
    const { fleet, workers } = await opened(t, [{}, { boot: () => booted.promise }]);
    const started = fleet.start();
    await settle();
    await putInForce(fleet, "b");
    assert.deepEqual(revisions(fleet), ["b", undefined]);
    booted.resolve("a");
    await started;
    assert.deepEqual(revisions(fleet), ["b", "b"]);
    assert.deepEqual(workers[1]?.heard.slice(0, 4), ["boot", "prepare", "commit", "listen"]);
    await fleet.close();
  });

  test("never ends all that are late at once: the next when the first one's successor serves", async (t) => {
    const booted = Promise.withResolvers<string>();
    const late = { switch: never };
    const { fleet, workers } = await opened(t, [late, late, { boot: () => booted.promise }]);
    await fleet.start();
    const told = fleet.tell({ switches: [killAll], keys: [] });
    await pass(t, 10_000);
    const alive = () => workers.map(({ isAlive }) => isAlive);
    assert.deepEqual(alive(), [false, true, true]);
    booted.resolve("a");
    await told;
    await settle();
    assert.deepEqual(alive(), [false, false, true, true]);
    await fleet.close();
  });

  test("ends the next that is late though the first one could not be ended", async (t) => {
    const late = { switch: never };
    const immortal = () => {
      throw new Error("kill ENOSYS");
    };
    const { fleet, workers, log } = await opened(t, [{ ...late, kill: immortal }, late]);
    await fleet.start();
    const told = fleet.tell({ switches: [killAll], keys: [] });
    await pass(t, 10_000);
    assert.deepEqual(
      workers.map(({ isAlive }) => isAlive),
      [true, false, true],
    );
    assert.ok(log.includes("error: a late worker could not be replaced"));
    workers[0]?.end("SIGSEGV");
    await told;
    await fleet.close();
  });

  test("leaves a worker alone that is late and answers before its turn to be replaced", async (t) => {
    const [booted, switched] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
    const { fleet, workers } = await opened(t, [
      { switch: never },
      { switch: () => switched.promise },
      { boot: () => booted.promise },
    ]);
    await fleet.start();
    const told = fleet.tell({ switches: [killAll], keys: [] });
    await pass(t, 10_000);
    switched.resolve();
    await told;
    booted.resolve("a");
    await settle();
    assert.equal(workers[1]?.isAlive, true);
    await fleet.close();
  });

  test("replaces a worker that says nothing any more, and says so", async (t) => {
    const { fleet, workers, log } = await opened(t, [{}, { state: never }]);
    await fleet.start();
    const refreshed = fleet.refresh();
    await settle();
    t.mock.timers.tick(5000);
    await refreshed;
    await settle();
    assert.equal(workers[1]?.isAlive, true);
    t.mock.timers.tick(5000);
    await settle();
    assert.equal(workers[1]?.isAlive, false);
    assert.deepEqual(revisions(fleet), ["a", "a"]);
    assert.equal(log[0], "error: a worker does not answer; it is replaced");
    await fleet.close();
  });

  test("promises no successor to a worker that it ends for good", async (t) => {
    const { fleet, log } = await opened(t, [{ drain: never }]);
    await fleet.start();
    const drained = fleet.drain(1000);
    await pass(t, 4000);
    await drained;
    assert.deepEqual(log, ["error: a worker does not answer; it is ended"]);
    await fleet.close();
  });
});
