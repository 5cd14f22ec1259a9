import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExperimentConfig, UnitType } from "../../src/domain/config.ts";
import type { AssignmentReason } from "../../src/domain/experiment.ts";
import { type Asked, assigned, inCandidate, reasonOf, tone, userWhere } from "./assign-fixture.ts";

describe("a request of an experiment", () => {
  const names: [string, Asked][] = [
    ["a matched model", { body: { model: "tone" } }],
    ["experiment/<id>", { body: { model: "experiment/tone" } }],
    ["the header", { body: { model: "gpt-4" }, headers: { "x-assay-experiment": "tone" } }],
  ];
  for (const [name, { body = {}, headers = {} }] of names) {
    test(`is named by ${name}`, async () => {
      const request = await assigned(tone(), { body: { ...body, user: inCandidate }, headers });
      assert.equal(request.experiment?.id, "tone");
      assert.equal(request.plan.model, "model-b");
      assert.equal(request.plan.variant?.id, "candidate");
      const { assignment } = request;
      assert.equal(assignment?.reason, "split");
      assert.equal(assignment?.isExposed, true);
      assert.equal(assignment?.assignedVariantId, "candidate");
      assert.equal(assignment?.servedVariantId, "candidate");
      assert.ok(assignment?.position !== undefined);
    });
  }

  test("gets its variant by the unit alone, whatever else it says", async () => {
    const ids = new Set<string | undefined>();
    for (const content of ["a", "b", "c", "d", "e", "f"]) {
      const body = {
        user: inCandidate,
        messages: [{ role: "user", content }],
        temperature: 2 * Math.random(),
      };
      ids.add((await assigned(tone(), { body })).plan.variant?.id);
    }
    assert.deepEqual([...ids], ["candidate"]);
  });
});

describe("a request of no experiment", () => {
  test("is served by the model that it names", async () => {
    const request = await assigned(tone(), { body: { model: "gpt-4", user: "u" } });
    assert.equal(request.experiment, undefined);
    assert.equal(request.assignment, undefined);
    assert.equal(request.plan.model, "gpt-4");
  });

  test("is left alone by a kill of everything", async () => {
    const request = await assigned(tone(), { body: { model: "gpt-4" }, kills: ["*"] });
    assert.equal(request.plan.model, "gpt-4");
  });

  const unknown: [string, Asked, object][] = [
    ["experiment", { body: { model: "experiment/tonne" } }, { message: /Did you mean "tone"/ }],
    ["experiment in the header", { headers: { "x-assay-experiment": "tonne" } }, { code: "model_not_found" }],
    ["variant", { body: { model: "experiment/tone@candidat" } }, { message: /Did you mean "candidate"/ }],
    ["member of every object", { body: { model: "experiment/constructor" } }, { code: "model_not_found" }],
    ["prompt", { body: { model: "prompt/none@v1" } }, { code: "model_not_found" }],
  ];
  for (const [what, asked, error] of unknown) {
    test(`is refused when it names an unknown ${what}`, async () => {
      await assert.rejects(assigned(tone(), asked), error);
    });
  }

  for (const name of ["", "a b", "x".repeat(129), "tøne"]) {
    for (const header of ["x-assay-experiment", "x-assay-variant"]) {
      test(`is refused when ${header} is ${JSON.stringify(name).slice(0, 12)}`, async () => {
        const asked = { headers: { [header]: name } };
        await assert.rejects(assigned(tone(), asked), { code: "invalid_header" });
      });
    }
  }
});

describe("requests served by the control and not in the analysis", () => {
  const control = async (experiment: ExperimentConfig, asked: Asked, reason: AssignmentReason) => {
    const { assignment, plan } = await assigned(experiment, asked);
    assert.equal(assignment?.reason, reason);
    assert.equal(assignment?.isExposed, false);
    assert.equal(assignment?.servedVariantId, "control");
    assert.equal(plan.model, "model-a");
  };

  test("have no unit", () => control(tone(), {}, "no_unit"));
  test("have a blank unit", () => control(tone(), { body: { user: "  " } }, "no_unit"));
  test("are not covered", () => {
    const experiment = tone({ coverage: 0.1 });
    const user = userWhere(experiment, ({ reason }) => reason === "not_exposed");
    return control(experiment, { body: { user } }, "not_exposed");
  });
  test("are held out", () => {
    const experiment = tone({ coverage: 0.5, holdout: 0.3 });
    const user = userWhere(experiment, ({ reason }) => reason === "holdout");
    return control(experiment, { body: { user } }, "holdout");
  });
  test("belong to another experiment of the layer", () => {
    const experiment = tone({ layer: { name: "l", start: 0, end: 0.2 } });
    const user = userWhere(experiment, ({ reason }) => reason === "not_in_layer");
    return control(experiment, { body: { user } }, "not_in_layer");
  });
  test("are not eligible, by a header, the metadata or the model", async () => {
    const rule = { in: ["pro"], notIn: undefined, exists: undefined };
    const header = tone({ eligible: [{ ...rule, subject: { kind: "header", name: "X-Plan" } }] });
    await control(header, { body: { user: inCandidate }, headers: { "x-plan": "free" } }, "not_eligible");
    assert.equal(
      await reasonOf(header, { body: { user: inCandidate }, headers: { "x-plan": "pro" } }),
      "split",
    );
    const metadata = tone({ eligible: [{ ...rule, subject: { kind: "metadata", key: "plan" } }] });
    await control(metadata, { body: { user: inCandidate, metadata: { plan: "free" } } }, "not_eligible");
    assert.equal(
      await reasonOf(metadata, { body: { user: inCandidate, metadata: { plan: "pro" } } }),
      "split",
    );
    const model = tone({ eligible: [{ ...rule, subject: { kind: "model" } }] });
    await control(model, { body: { user: inCandidate } }, "not_eligible");
  });
});

describe("the unit", () => {
  const everywhere = {
    headers: { "x-assay-user": "by-header", baggage: "user.id=by-baggage" },
    body: {
      metadata: { user_id: "by-metadata", user: "by-other-metadata" },
      safety_identifier: "by-safety",
      user: "by-user",
    },
  };
  const order: [string, string][] = [
    ["by-header", "header"],
    ["by-metadata", "metadata"],
    ["by-other-metadata", "metadata"],
    ["by-safety", "body"],
    ["by-user", "body"],
    ["by-baggage", "baggage"],
  ];

  test("is the first found, in the order of the sources", async () => {
    for (const [at, [id, kind]] of order.entries()) {
      const gone = new Set(order.slice(0, at).map(([before]) => before));
      const text = JSON.stringify(everywhere, (_, value) => (gone.has(value) ? undefined : value));
      const { headers, body } = JSON.parse(text);
      if (headers.baggage !== undefined && gone.has("by-baggage")) headers.baggage = undefined;
      const unit = (await assigned(tone(), { headers, body })).assignment?.unit;
      assert.deepEqual([unit?.id, unit?.source.kind, unit?.type], [id, kind, "user"]);
    }
  });

  const sources: [UnitType, Asked][] = [
    ["org", { headers: { "x-assay-org": "u" } }],
    ["session", { headers: { "x-assay-session": "u" } }],
    ["session", { body: { prompt_cache_key: "u" } }],
    ["session", { body: { metadata: { session_id: "u" } } }],
  ];
  for (const [unit, asked] of sources) {
    test(`of type ${unit} is found in ${JSON.stringify(asked)}`, async () => {
      const { assignment } = await assigned(tone({ unit }), asked);
      assert.equal(assignment?.unit?.id, "u");
      assert.equal(assignment?.unit?.type, unit);
    });
  }

  test("of another type does not stand in: a user is no organisation", async () => {
    const asked = { body: { user: "u" }, headers: { "x-assay-user": "u" } };
    assert.equal(await reasonOf(tone({ unit: "org" }), asked), "no_unit");
  });

  test("may be the request itself", async () => {
    const { assignment } = await assigned(tone({ unit: "request" }));
    assert.equal(assignment?.unit?.id, "req-1");
    assert.equal(assignment?.reason, "split");
  });

  test("of more than 512 characters is refused", async () => {
    assert.equal(await reasonOf(tone(), { headers: { "x-assay-user": "u".repeat(512) } }), "split");
    const asked = { headers: { "x-assay-user": "u".repeat(513) } };
    await assert.rejects(assigned(tone(), asked), { code: "invalid_value", message: /512/ });
  });
});
