import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Answers, createLink } from "../../src/cluster/link.ts";
import { Failure } from "../../src/domain/failure.ts";

type Adds = { readonly add: (terms: readonly number[]) => number };
type Nothing = Record<never, never>;

/** Two ends of one channel, as structured clones would cross it. */
function linked(answers: Answers<Adds>) {
  const lost = () => new Failure("internal_error", "gone");
  const one = createLink<Adds, Nothing>({
    post: (message) => other.receive(structuredClone(message)),
    answers: {},
    lost,
  });
  const other = createLink<Nothing, Adds>({
    post: (message) => one.receive(structuredClone(message)),
    answers,
    lost,
  });
  return one;
}

describe("a call to another process", () => {
  test("gets its own answer, whatever else is asked meanwhile", async () => {
    const link = linked({ add: async (terms) => terms.reduce((sum, term) => sum + term, 0) });
    const sums = await Promise.all([
      link.call("add", [1, 2]),
      link.call("add", [3, 4]),
      link.call("add", []),
    ]);
    assert.deepEqual(sums, [3, 7, 0]);
  });

  test("fails as it failed there: with its code, its words and the time to come back", async () => {
    const link = linked({
      add: () => {
        throw new Failure("store_unavailable", "the disk is full", { retryAfterMs: 1000 });
      },
    });
    await assert.rejects(link.call("add", []), (error: Failure) => {
      assert.ok(error instanceof Failure);
      assert.deepEqual(
        [error.code, error.message, error.details.retryAfterMs],
        ["store_unavailable", "the disk is full", 1000],
      );
      return true;
    });
  });

  test("brings a bug's stack along, for the log", async () => {
    const link = linked({
      add: () => {
        throw new TypeError("terms is no list");
      },
    });
    await assert.rejects(link.call("add", []), (error: Failure) => {
      assert.equal(error.code, "internal_error");
      assert.match(String(error.cause), /TypeError: terms is no list/);
      return true;
    });
  });

  test("fails when the channel ends, before the answer and after", async () => {
    const link = linked({ add: () => new Promise(() => {}) });
    const asked = link.call("add", []);
    link.lose();
    await assert.rejects(asked, { message: "gone" });
    await assert.rejects(link.call("add", []), { message: "gone" });
  });

  test("fails when the answer cannot cross", async () => {
    // What the other side's table promises is not what it gives.
    const link = linked({ add: (() => () => {}) as never });
    await assert.rejects(link.call("add", []), (error: Failure) => {
      assert.match(String(error.cause), /DataCloneError/);
      return true;
    });
  });

  test("fails, and waits for nothing, when the question cannot cross", async () => {
    const link = linked({ add: () => 0 });
    await assert.rejects(link.call("add", [(() => {}) as never]), { code: "internal_error" });
  });
});
