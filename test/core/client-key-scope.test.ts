import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { checkNamed, checkRoute, maySee, scopeOfRoute } from "../../src/core/client-key-scope.ts";
import { routeOf } from "../../src/core/route.ts";
import type { ClientKey, KeyScope } from "../../src/domain/client-key.ts";
import { asFailure } from "../../src/domain/failure.ts";
import { revisionOf } from "../policies/policy-fixture.ts";
import { experimentWith as experiment } from "./experiment-fixture.ts";

const revision = revisionOf([
  experiment({ id: "tone", matchModels: ["gpt-tone"], allowPins: true }),
  experiment({ id: "length", matchModels: ["gpt-length"], allowPins: true }),
]);

const keyOf = (scope: Partial<KeyScope>, role: ClientKey["role"] = "client"): ClientKey => ({
  id: "0123456789ab",
  name: "web",
  role,
  digest: "",
  scope: { routes: ["*"], ...scope },
  limits: {},
  createdAt: 0,
});

/** `ok`, or the code of the refusal. */
function asked(
  scope: Partial<KeyScope>,
  model: string | undefined,
  headers: Record<string, string> = {},
): string {
  try {
    checkNamed(keyOf(scope), { model, operation: "chat", headers }, revision);
    return "ok";
  } catch (thrown) {
    return asFailure(thrown).code;
  }
}

describe("a key without lists", () => {
  test("may ask for anything", () => {
    for (const model of ["experiment/tone", "gpt-tone", "m", "", undefined])
      assert.equal(asked({}, model), "ok");
  });
});

describe("a key for some experiments", () => {
  const scope = { experiments: ["tone"] };
  for (const [model, headers, code] of [
    ["experiment/tone", {}, "ok"],
    ["experiment/tone@candidate", {}, "ok"],
    ["gpt-tone", {}, "ok"],
    ["gpt-tone", { "x-assay-variant": "candidate" }, "ok"],
    ["m", { "x-assay-experiment": "tone" }, "ok"],
    ["m", { "x-assay-experiment": "tone@candidate" }, "ok"],
    ["experiment/length", {}, "experiment_not_allowed"],
    ["experiment/length@candidate", {}, "experiment_not_allowed"],
    ["experiment/unheard-of", {}, "experiment_not_allowed"],
    ["experiment/tone", { "x-assay-experiment": "length" }, "experiment_not_allowed"],
    ["gpt-length", {}, "model_not_allowed"],
    ["gpt-plain", {}, "model_not_allowed"],
    ["prompt/hello@v1", {}, "model_not_allowed"],
    [undefined, {}, "model_not_allowed"],
  ] as const) {
    test(`${code}: ${model} ${JSON.stringify(headers)}`, () =>
      assert.equal(asked(scope, model, headers), code));
  }
});

describe("a key for some models", () => {
  const scope = { models: ["gpt-tone", "gpt-plain", "prompt/hello@v1"] };
  for (const [model, headers, code] of [
    ["gpt-plain", {}, "ok"],
    ["prompt/hello@v1", {}, "ok"],
    // An experiment was put on it, and callers need not know.
    ["gpt-tone", {}, "ok"],
    ["gpt-tone", { "x-assay-variant": "candidate" }, "experiment_not_allowed"],
    ["gpt-plain", { "x-assay-experiment": "tone" }, "experiment_not_allowed"],
    ["experiment/tone", {}, "experiment_not_allowed"],
    ["gpt-length", {}, "model_not_allowed"],
    ["", {}, "model_not_allowed"],
  ] as const) {
    test(`${code}: ${model} ${JSON.stringify(headers)}`, () =>
      assert.equal(asked(scope, model, headers), code));
  }
});

test("whatever is named, a key for one experiment is never routed to another", () => {
  const names = fc.constantFrom(
    "tone",
    "length",
    "tone@candidate",
    "length@candidate",
    "length@",
    "@tone",
    "",
  );
  const models = fc.oneof(
    names.map((name) => `experiment/${name}`),
    names,
    fc.constantFrom("gpt-tone", "gpt-length"),
  );
  const headers = fc.record(
    { "x-assay-experiment": names, "x-assay-variant": fc.constantFrom("candidate", "control") },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(models, headers, (model, given) => {
      if (asked({ experiments: ["tone"] }, model, given) !== "ok") return;
      try {
        const route = routeOf({ body: { operation: "chat", model }, headers: given }, revision);
        assert.ok(route.kind === "experiment" && route.experiment.id === "tone", JSON.stringify(route.kind));
      } catch (thrown) {
        assert.notEqual(asFailure(thrown).code, "internal_error");
      }
    }),
    { numRuns: 2000 },
  );
});

test("a list of models shows what may be asked for", () => {
  const key = keyOf({ experiments: ["tone"], models: ["gpt-plain"] });
  const all = ["experiment/tone", "experiment/length", "gpt-tone", "gpt-length", "gpt-plain", "gpt-other"];
  assert.deepEqual(
    all.filter((model) => maySee(key, model, revision)),
    ["experiment/tone", "gpt-tone", "gpt-plain"],
  );
  assert.ok(all.every((model) => maySee(undefined, model, revision)));
});

describe("a route", () => {
  for (const [route, method, name] of [
    ["/v1/chat/completions", "POST", "chat"],
    // What the upstream has kept of everybody's chats.
    ["/v1/chat", "GET", "other"],
    ["/v1/predict/{experiment}", "POST", "predict"],
    ["/v1/outcomes", "POST", "outcomes"],
    ["/v1/models", "GET", "models"],
    // Deletes a fine-tuned model.
    ["/v1/models", "DELETE", "other"],
    ["/v1/embeddings", "POST", "embeddings"],
    ["/v1/*", "POST", "other"],
  ] as const) {
    test(`${method} ${route} is ${name}`, () => assert.equal(scopeOfRoute(route, method), name));
  }

  test("that is not in the scope is refused, and every route to a key for the admin API", () => {
    checkRoute(keyOf({ routes: ["chat"] }), "chat");
    checkRoute(keyOf({ routes: ["*"] }), "files");
    const refused = { code: "route_not_allowed" };
    assert.throws(() => checkRoute(keyOf({ routes: ["chat"] }), "files"), refused);
    for (const role of ["read", "operate", "administer"] as const) {
      assert.throws(() => checkRoute(keyOf({ routes: ["*"] }, role), "chat"), refused);
    }
  });
});
