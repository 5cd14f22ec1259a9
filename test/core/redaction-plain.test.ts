import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { linearPattern } from "../../src/core/linear-pattern.ts";
import { createRedactor } from "../../src/core/redaction.ts";
import { isPlain } from "../../src/core/redaction-plain.ts";
import { redactionRules } from "../../src/core/redaction-rules.ts";

/** Pieces that secrets are made of, so that chance puts whole ones together, and all that is nearly one. */
const pieces = fc.oneof(
  fc.constantFrom(
    "eyJ",
    "AKIA",
    "ASIA",
    "AIza",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "gsk_",
    "xoxb-",
    "xapp-",
  ),
  fc.constantFrom(
    "xai-",
    "hf_",
    "npm_",
    "rk_live_",
    "sk_test_",
    "sk-",
    "DE89",
    "GB29",
    "4111",
    "-----BEGIN ",
  ),
  fc.constantFrom(
    "Bearer ",
    "a@b.cc",
    "::1",
    "fe80:",
    "+49",
    "(212)",
    "212-",
    "555",
    "127.0",
    ".",
    "-",
    "/",
    "_",
    " ",
  ),
  fc.constantFrom(
    "1234",
    "078-05-1120",
    "00",
    "9",
    "370400440532013000",
    "1111111111111111",
    "abcdefgh",
    "Zz",
    "\u00a0",
  ),
  fc.constantFrom(
    "12345678",
    "Z",
    "X1234567L",
    "RSSMRA85T10A562S",
    "2A",
    "00-1A",
    "-2B",
    "1a2b.",
    "52998224725",
    "bsn",
    "_",
    "111222333",
    "529.982.247-25",
  ),
  fc.constantFrom(
    "SG.",
    "dapi",
    "sb_secret_",
    "shpat_",
    "lin_api_",
    "AC",
    "SK",
    "MTA",
    "hvs.",
    "key-",
    "hooks.slack.com/services/T",
    "JQQJ99",
    "password",
    "=",
    "://u:",
    "@h",
  ),
  fc.stringMatching(/^[0-9a-f]{32}$/),
  fc.stringMatching(/^[A-Za-z0-9]{1,48}$/),
  fc.stringMatching(/^\d{1,16}$/),
  fc.string({ unit: "binary", maxLength: 4 }),
);
const texts = fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join(""));

describe("what is plain", () => {
  test("has nothing in it that any rule finds", () => {
    fc.assert(
      fc.property(texts, (text) => {
        if (!isPlain(text)) return;
        for (const { names, find } of redactionRules) assert.deepEqual(find(text), [], `${names} in ${text}`);
      }),
      { numRuns: 20_000 },
    );
  });

  test("is what the rules would leave as it is, and is given out as it is", () => {
    const redactor = createRedactor();
    fc.assert(
      fc.property(texts, (text) => {
        const plain = redactor.plain(text);
        if (plain !== undefined)
          assert.deepEqual(redactor.redact(text), { text: plain, count: 0, rules: [] });
      }),
    );
  });

  test("is most ids that a model's server gives, and its names of models", () => {
    const base62 = fc.stringMatching(/^[A-Za-z0-9]{24}$/);
    const ids = fc.oneof(
      base62.map((id) => `chatcmpl-${id}`),
      fc.stringMatching(/^[0-9a-f]{32}$/).map((id) => `req_${id}`),
      fc.uuid(),
    );
    const sampled = fc.sample(ids, { numRuns: 3000, seed: 1 });
    const share = sampled.filter(isPlain).length / sampled.length;
    // A word may begin as an IBAN does: 3 in 100 of the second kind have one.
    assert.ok(share > 0.75, String(share));
    for (const name of [
      "gpt-4.1-mini-2025-04-14",
      "claude-sonnet-4-20250514",
      "/v1/chat/completions",
      "stop",
      "",
    ])
      assert.equal(isPlain(name), true, name);
  });
});

test("where the operator has a pattern of his own, nothing is plain: it may find anything", () => {
  const redactor = createRedactor({ patterns: [{ name: "order", pattern: linearPattern("ord-\\d+") }] });
  assert.equal(redactor.plain("ord-17"), undefined);
  assert.equal(redactor.redact("ord-17").text, "[order]");
});
