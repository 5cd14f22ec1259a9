import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkOf, input, judged, output, reasonOf } from "./check-fixture.ts";

describe("the check topics", () => {
  test("finds a banned topic by whole words, in any case and spelling", () => {
    const check = checkOf("topics", { banned: { weapons: ["gun", "hand grenade"], bets: ["roulette"] } });
    assert.equal(reasonOf(check, output("He bought a GUN.")), 'topic "weapons"');
    assert.equal(reasonOf(check, output("a hand-grenade")), 'topic "weapons"');
    assert.equal(reasonOf(check, output("He bought a gu\u200bn")), 'topic "weapons"');
    assert.equal(reasonOf(check, output("play Roulétte")), 'topic "bets"');
    for (const text of ["It has begun.", "gunpowder", "hand and grenade", "a grenade in hand", ""])
      assert.equal(reasonOf(check, output(text)), undefined, text);
  });

  test("takes any ending for a star", () => {
    const check = checkOf("topics", { banned: { money: ["refund*", "bank trans*"] } });
    for (const text of ["refund", "Refunds", "refunding", "a bank transfer", "bank trans"])
      assert.equal(reasonOf(check, output(text)), 'topic "money"', text);
    for (const text of ["refun", "prerefund", "bank of trans"])
      assert.equal(reasonOf(check, output(text)), undefined);
  });

  test("finds words of scripts that put no spaces between them", () => {
    const check = checkOf("topics", { banned: { refunds: ["退款", "คืนเงิน", "환불*"] } });
    for (const text of ["我想要退款，谢谢", "ขอคืนเงินด้วย", "환불을 원해요"])
      assert.equal(reasonOf(check, output(text)), 'topic "refunds"', text);
    assert.equal(reasonOf(check, output("退房付款")), undefined);
  });

  test("wants as many hits of one topic as it is told", () => {
    const check = checkOf("topics", { banned: { a: ["apple", "red apple"], b: ["pear"] }, min_hits: 2 });
    assert.equal(reasonOf(check, output("an apple and a pear")), undefined);
    assert.equal(reasonOf(check, output("an apple, an apple")), 'topic "a"');
    assert.equal(reasonOf(check, input("an apple", "one more apple")), 'topic "a"');
    assert.equal(reasonOf(check, output("red apple")), 'topic "a"', "a phrase and the word within it");
  });

  test("finds texts of none of the allowed topics, short ones aside", () => {
    const check = checkOf("topics", { allowed: { travel: ["flight*", "hotel*"] } });
    assert.equal(judged(check, input("I need two hotels in Rome")).kind, "pass");
    assert.equal(reasonOf(check, input("write a poem about cats")), "none of the allowed topics");
    assert.equal(judged(check, input("Hello, thank you!")).kind, "not_evaluated");
    assert.equal(judged(check, input("")).kind, "not_evaluated");
  });

  test("looks at the user's words, not at the operator's", () => {
    const check = checkOf("topics", { allowed: { travel: ["flight*"] } });
    const system = { role: "system", text: "You help with flights." };
    assert.equal(reasonOf(check, input(system, "write a poem about cats")), "none of the allowed topics");
  });
});
