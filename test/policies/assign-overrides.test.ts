import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assigned, inCandidate, reasonOf, tone, userWhere } from "./assign-fixture.ts";

describe("a pin", () => {
  for (const asked of [
    { body: { model: "experiment/tone@candidate" } },
    { body: { model: "tone" }, headers: { "x-assay-variant": "candidate" } },
  ]) {
    test(`by ${JSON.stringify(asked)} serves its variant and stays out of the analysis`, async () => {
      const { assignment, plan } = await assigned(tone(), asked);
      assert.equal(assignment?.reason, "pinned");
      assert.equal(assignment?.isExposed, false);
      assert.equal(assignment?.unit, undefined);
      assert.equal(plan.model, "model-b");
    });
  }

  test("is refused with 403 where the experiment does not permit it", async () => {
    const asked = { body: { model: "experiment/tone@candidate" } };
    await assert.rejects(assigned(tone({ allowPins: false }), asked), {
      code: "override_not_allowed",
      status: 403,
    });
  });

  test("of the model's name wins over the header's", async () => {
    const asked = { body: { model: "experiment/tone@control" }, headers: { "x-assay-variant": "candidate" } };
    assert.equal((await assigned(tone(), asked)).plan.variant?.id, "control");
  });
});

describe("a kill switch", () => {
  for (const kill of ["*", "tone", "tone/candidate"]) {
    test(`"${kill}" sends the variant's units to the control, and the analysis still knows their variant`, async () => {
      const { assignment, plan } = await assigned(tone(), { body: { user: inCandidate }, kills: [kill] });
      assert.equal(assignment?.reason, "killed");
      assert.equal(assignment?.assignedVariantId, "candidate");
      assert.equal(assignment?.servedVariantId, "control");
      assert.equal(assignment?.isExposed, true);
      assert.equal(plan.model, "model-a");
    });

    test(`"${kill}" overrules a pin`, async () => {
      const asked = { body: { model: "experiment/tone@candidate" }, kills: [kill] };
      assert.equal((await assigned(tone(), asked)).plan.variant?.id, "control");
    });
  }

  for (const kill of ["other", "tone/another", "other/candidate", "candidate"]) {
    test(`"${kill}" leaves the variant alone`, async () => {
      const { plan } = await assigned(tone(), { body: { user: inCandidate }, kills: [kill] });
      assert.equal(plan.variant?.id, "candidate");
    });
  }

  test("of one variant leaves the control's own units a split", async () => {
    const user = userWhere(tone(), ({ variantId }) => variantId === "control");
    assert.equal(await reasonOf(tone(), { body: { user }, kills: ["tone/candidate"] }), "split");
  });
});
