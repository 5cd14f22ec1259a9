import assert from "node:assert/strict";
import { replaced } from "../../src/core/guardrail-spans.ts";
import { HeldText, type TextWatch } from "../../src/core/held-text.ts";
import type { GuardrailCheck } from "../../src/domain/guardrail.ts";
import { checkOf, output } from "../guardrails/check-fixture.ts";
import type { FuzzTarget } from "./target.ts";

const longest = 3000;

/** A guarded text is shown the same however it is cut, never takes back what it has shown, and its checks survive it. */
export function createHeldTextTarget(): FuzzTarget {
  const checks = ["secrets", "personal_data"].map((name) => checkOf(name));
  return {
    words: [
      "jane.doe@example.org",
      "4111 1111 1111 1111",
      "DE89 3704 0044 0532 0130 00",
      "sk-proj-abcdefghijklmnopqrstuvwx1A",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
      "-----BEGIN PRIVATE KEY-----\n",
      "-----END PRIVATE KEY-----",
      "password: ",
      "Bearer ",
      "social security number ",
      " and so on, ",
      "\n\n",
      "é",
    ],
    check(input) {
      // What is shown is compared after each piece, which of a long text would take for ever.
      const text = input.toString("utf8").slice(0, longest);
      const whole = shown([text], checks);
      for (const size of [1, 3, 50, 333]) {
        const pieces = text.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? [];
        assert.equal(shown(pieces, checks), whole, `in pieces of ${size}`);
      }
      return String(whole.match(/\[[a-z_]+\]/g)?.toSorted());
    },
  };
}

function shown(pieces: readonly string[], checks: readonly GuardrailCheck[]): string {
  const held = new HeldText(checks.map(watchOf));
  const text = pieces.join("");
  let before = "";
  const show = () => {
    const now = replaced(text.slice(0, held.shown), 0, held.replacements);
    assert.ok(now.startsWith(before), "what was shown has changed");
    before = now;
  };
  for (const piece of pieces) {
    if (!held.push(piece)) return `${before}[overgrown]`;
    show();
  }
  held.end();
  show();
  return before;
}

function watchOf({ windowChars, judge }: GuardrailCheck): TextWatch {
  return {
    windowChars: windowChars ?? 0,
    isActing: true,
    found: () => {},
    find(part) {
      const judgement = judge(output(part), { requestId: "r", signal: new AbortController().signal });
      assert.ok(!(judgement instanceof Promise), "a check of windows answers at once");
      return judgement.kind === "found" ? (judgement.spans ?? []) : [];
    },
  };
}
