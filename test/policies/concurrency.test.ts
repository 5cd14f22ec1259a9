import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RenderedRequest } from "../../src/domain/chat.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { Service } from "../../src/pipeline/service.ts";
import { concurrency, Permits } from "../../src/policies/concurrency.ts";
import { contextOf, openAnswer, renderedRequest, settle } from "./policy-fixture.ts";

function limited(max: number, next: Service<RenderedRequest>) {
  const service = concurrency<RenderedRequest>(new Permits(() => max))(next);
  return (upstream = "main") =>
    service(renderedRequest({ target: { upstream, model: "m", variantId: undefined } }), contextOf());
}

describe("the limit of calls in flight", () => {
  test("refuses what goes beyond it at once, with a time to come back", async () => {
    const ask = limited(2, async () => openAnswer().answer);
    await ask();
    await ask();
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, "overloaded");
      assert.equal(error.status, 503);
      assert.equal(error.details.retryAfterMs, 1000);
      assert.match(error.message, /"main".*2 calls/);
      return true;
    });
  });

  test("is one for each upstream", async () => {
    const ask = limited(1, async () => openAnswer().answer);
    await ask("main");
    await ask("other");
    await assert.rejects(ask("main"), { code: "overloaded" });
  });

  test("counts a stream until it has ended, however it ends", async () => {
    const open = [openAnswer(), openAnswer(), openAnswer()];
    let next = 0;
    const ask = limited(1, async () => {
      const answer = open[next++]?.answer;
      if (answer === undefined) throw new Error("no answer is left");
      return answer;
    });
    await ask();
    await assert.rejects(ask(), { code: "overloaded" });
    open[0]?.end();
    await settle();
    await ask();
    open[1]?.end({ failure: new Failure("client_cancelled", "gone") });
    await settle();
    await ask();
  });

  test("counts a call that failed no longer", async () => {
    const ask = limited(1, () => Promise.reject(new Failure("upstream_error", "no")));
    await assert.rejects(ask(), { code: "upstream_error" });
    await assert.rejects(ask(), { code: "upstream_error" });
  });

  test("takes each permit back once, however often it is returned", () => {
    const permits = new Permits(() => 2);
    const giveBack = permits.take("main");
    permits.take("main");
    giveBack();
    giveBack();
    permits.take("main");
    assert.throws(() => permits.take("main"), { code: "overloaded" });
  });
});
