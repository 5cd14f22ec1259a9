import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Failure } from "../../src/domain/failure.ts";
import type { BreakerConfig } from "../../src/domain/upstream-config.ts";
import { BreakerBoard, breaker } from "../../src/policies/breaker.ts";
import { contextOf, renderedRequest, settle, wholeAnswer } from "./policy-fixture.ts";

const config: BreakerConfig = { failureRatio: 0.5, minimumCalls: 4, windowMs: 10_000, openMs: 5000 };

describe("the board of breakers", () => {
  test("keeps one for each upstream and model", () => {
    const board = new BreakerBoard(() => 0);
    const first = board.of("main", "a", config);
    assert.equal(board.of("main", "a", config), first);
    assert.notEqual(board.of("main", "b", config), first);
    assert.notEqual(board.of("other", "a", config), first);
    assert.equal(board.list().length, 3);
    board.shutdown();
  });

  test("lets models beyond its limit share one breaker for each upstream", () => {
    const board = new BreakerBoard(() => 0);
    const first = board.of("main", "model-0", config);
    for (let count = 0; count < 5000; count++) board.of("main", `model-${count}`, config);
    assert.ok(board.list().length <= 1001, `${board.list().length} breakers`);
    assert.equal(board.of("main", "another", config), board.of("main", "yet another", config));
    assert.notEqual(board.of("other", "another", config), board.of("main", "another", config));
    assert.equal(board.of("main", "model-0", config), first);
    board.shutdown();
  });

  test("answers 503 `breaker_open` with a time to come back, and asks nobody, while open", async () => {
    const board = new BreakerBoard(() => 0);
    let calls = 0;
    const service = breaker(board, () => ({ ...config, minimumCalls: 1 }))(() => {
      calls += 1;
      return Promise.reject(new Failure("upstream_error", "no"));
    });
    await assert.rejects(service(renderedRequest(), contextOf()), { code: "upstream_error" });
    await settle();
    await assert.rejects(service(renderedRequest(), contextOf()), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, "breaker_open");
      assert.equal(error.status, 503);
      assert.equal(error.details.retryAfterMs, config.openMs);
      return true;
    });
    assert.equal(calls, 1);
    board.shutdown();
  });

  test("fails one model of an upstream without refusing another", async () => {
    const board = new BreakerBoard(() => 0);
    const service = breaker(board, () => ({ ...config, minimumCalls: 1 }))(async (request) => {
      if (request.target.model === "ill") throw new Failure("upstream_error", "no");
      return wholeAnswer();
    });
    const asking = (model: string) =>
      service(renderedRequest({ target: { upstream: "main", model, variantId: undefined } }), contextOf());
    await assert.rejects(asking("ill"));
    await settle();
    await assert.rejects(asking("ill"), { code: "breaker_open" });
    assert.equal((await asking("well")).status, 200);
    board.shutdown();
  });
});
