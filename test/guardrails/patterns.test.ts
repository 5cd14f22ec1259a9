import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { calls, checkOf, input, judged, output, reasonOf, redacted, spansOf } from "./check-fixture.ts";

describe("the check patterns", () => {
  test("finds what is banned, by the name that the configuration gives it", () => {
    const check = checkOf("patterns", {
      banned: [
        "acme-\\d+",
        { pattern: "project (?:x|y)\\b", name: "code name" },
        { pattern: "q+", label: "<q>" },
      ],
    });
    const text = "ACME-12 is Project X, acme-3 too. qq";
    assert.equal(reasonOf(check, output(text)), "banned 1 2, code name 1, banned 3 1");
    assert.equal(redacted(check, output(text)), "[redacted] is [code name], [redacted] too. <q>");
    assert.equal(judged(check, output("nothing of it")).kind, "pass");
  });

  test("tells capitals from small letters where it is asked to", () => {
    const check = checkOf("patterns", { banned: ["acme"], case_sensitive: true });
    assert.equal(reasonOf(check, output("Acme")), undefined);
    assert.equal(reasonOf(check, output("acme")), "banned 1 1");
  });

  test("finds what is required and missing, in all texts together", () => {
    const check = checkOf("patterns", {
      required: ["order \\d+", { pattern: "please", name: "politeness" }],
    });
    assert.equal(reasonOf(check, output("nothing")), "no match of required 1, politeness");
    assert.equal(reasonOf(check, input("order 12", "Please")), undefined);
    assert.equal(reasonOf(check, output("")), "no match of required 1, politeness");
  });

  test("looks at parts of a stream, unless something is required", () => {
    assert.equal(checkOf("patterns", { banned: ["a"] }).windowChars, 256);
    assert.equal(checkOf("patterns", { banned: ["a"], max_match_chars: 40 }).windowChars, 40);
    assert.equal(checkOf("patterns", { banned: ["a"], required: ["b"] }).windowChars, undefined);
  });

  test("looks at the roles that it is given, and at answers whatever they are", () => {
    const check = checkOf("patterns", { banned: ["secret"], roles: ["user"] });
    const system = { role: "system", text: "secret" };
    assert.deepEqual(judged(check, input(system)), { kind: "not_evaluated", reason: "no text to look at" });
    assert.deepEqual(spansOf(check, input(system, "a secret")), [
      { index: 1, start: 2, end: 8, label: "[redacted]" },
    ]);
    assert.equal(reasonOf(check, output("secret")), "banned 1 1");
  });

  test("makes one place of two that overlap", () => {
    const check = checkOf("patterns", { banned: ["abc", "cde"] });
    assert.deepEqual(spansOf(check, output("xabcdex")), [
      { index: 0, start: 1, end: 6, label: "[redacted]" },
    ]);
  });

  test("leaves arguments JSON, whatever it takes out of them", () => {
    const check = checkOf("patterns", { banned: [{ pattern: "acme|\\d{4}", label: 'a "label"' }] });
    const json = '{"ac\\u006de": ["line\\nACME", 12345, 7]}';
    const cut = redacted(check, calls({ name: "f", arguments: json }));
    assert.deepEqual(JSON.parse(cut), { 'a "label"': ['line\na "label"', 'a "label"', 7] });
    assert.equal(redacted(check, calls({ name: "f", arguments: "free acme text" })), 'free a "label" text');
  });
});
