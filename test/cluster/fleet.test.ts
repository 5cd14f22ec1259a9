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
import type { KillSwitch } from "../../src/domain/control.ts";
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
  readonly boot = Promise.withResolvers<Boot<string>>();
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
      boot: ({ source }: Boot<string>) => ({ revision: idOf(source), port: 80 }),
      prepare: idOf as Played,
      state: () => ({ counted: this.pid }),
      use: () => ({}),
    };
    const call = async (name: string, asked: never) => {
      this.heard.push(name);
      if (name === "boot") this.boot.resolve(asked);
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
      kill: () => this.end("SIGKILL"),
      disconnect: () => this.end("exit code 0"),
    };
  }
}

/** `plays` tells of each worker, in the order of their starts, what it does otherwise. */
async function opened(t: TestContext, plays: readonly Record<string, Played>[] = []) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const workers: FakeWorker[] = [];
  const kept: (State | undefined)[] = [];
  const crashes: boolean[] = [];
  const fleet = createFleet<string, State>({
    size: 2,
    settings: async () => "settings",
    switches: [],
    start: () => {
      const worker = new FakeWorker(workers.length + 1, plays[workers.length] ?? {});
      workers.push(worker);
      return worker.process;
    },
    log: createTestLog(),
    now: () => 0,
    onEnded(state, isCrash) {
      kept.push(state);
      crashes.push(isCrash);
    },
  });
  await putInForce(fleet, "a");
  return { fleet, workers, kept, crashes };
}

async function putInForce(fleet: Awaited<ReturnType<typeof opened>>["fleet"], letter: string) {
  const commit = await fleet.prepare(letter, sourceOf(letter));
  await commit();
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
    await settle();
    t.mock.timers.tick(15_000);
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
    await settle();
    t.mock.timers.tick(5000);
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
    const told = fleet.tell([killAll]).then(() => {
      isEverywhere = true;
    });
    await settle();
    assert.equal(isEverywhere, false);
    t.mock.timers.tick(2000);
    await told;
    await settle();
    assert.equal(workers[0]?.isAlive, false);
    assert.deepEqual((await workers[2]?.boot.promise)?.switches, [killAll]);
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
    const boots = Promise.withResolvers<{ revision: string; port: number }>();
    const using = (calls: number) => ({ use: () => ({ calls }) });
    const { fleet, workers } = await opened(t, [using(9), using(4), { boot: () => boots.promise }]);
    await fleet.start();
    await settle();
    assert.deepEqual(workers[0]?.place, { index: 0, uses: [{ calls: 9 }, { calls: 4 }] });
    assert.deepEqual(workers[1]?.place, { index: 1, uses: [{ calls: 9 }, { calls: 4 }] });
    workers[1]?.end("SIGSEGV");
    await settle();
    assert.deepEqual(workers[0]?.place, { index: 0, uses: [{ calls: 9 }] });
    boots.resolve({ revision: "a", port: 80 });
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
    const { fleet, workers } = await opened(t, [{}, { boot: taken }]);
    await assert.rejects(fleet.start(), { code: "config_invalid", message: /Cannot listen/ });
    await fleet.close();
    assert.equal(workers.length, 2);
    assert.ok(workers.every(({ isAlive }) => !isAlive));
  });

  test("does not start with a worker that makes another revision of the same files", async (t) => {
    const { fleet } = await opened(t, [{}, { boot: () => ({ revision: "z", port: 80 }) }]);
    await assert.rejects(fleet.start(), /made revision z of what is a/);
    await fleet.close();
  });

  test("replaces nobody once it drains", async (t) => {
    const { fleet, workers } = await opened(t, [{ drain: never }]);
    await fleet.start();
    const drained = fleet.drain(1000);
    await settle();
    workers[1]?.end("SIGSEGV");
    await settle();
    t.mock.timers.tick(4000);
    await drained;
    await fleet.close();
    assert.equal(workers.length, 2);
  });
});
