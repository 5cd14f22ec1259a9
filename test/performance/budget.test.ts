import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bytesPerRequest } from "../../bench/allocation.ts";
import { type BudgetName, guards, mostOf, plainPlan } from "../../bench/budget.ts";

const renew = "renew the budget by `npm run bench:guard -- --update`";
const cure = `mend it or, if it is worth its price, ${renew}`;

// One after another: CPU is compared with what runs beside it.
describe("a request costs no more than its budget", () => {
  const costs: readonly (readonly [BudgetName, string])[] = [
    ["bytesPerRequest", "in bytes allocated"],
    ["bytesPerTracedRequest", "in bytes allocated, its trace among them"],
    ["bytesPerStream", "in bytes allocated, streamed in a hundred chunks"],
    ["cpuToRelay", "in CPU, as a multiple of a bare relay's"],
  ];
  for (const [name, what] of costs) {
    test(what, async () => {
      const cost = await guards[name].measure();
      assert.ok(cost <= mostOf(name), `${cost} is more than ${mostOf(name)}: ${cure}`);
    });
  }

  test("and a body copied through JSON some more times would be noticed", async () => {
    const burdened = await bytesPerRequest({ ...plainPlan, burden: 4 });
    const most = mostOf("bytesPerRequest");
    assert.ok(burdened > most, `${burdened} is within ${most}: requests have become cheaper; ${renew}`);
  });
});
