import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { redactionNames } from "../../src/core/redaction-rules.ts";
import { personalTypes } from "../../src/guardrails/personal-data.ts";
import { secretTypes } from "../../src/guardrails/secrets.ts";
import { calls, checkOf, input, judged, output, reasonOf, redacted, spansOf } from "./check-fixture.ts";

// Put together here, so that no scanner of repositories takes them for real ones.
const key = (...parts: readonly string[]): string => parts.join("");
const jwt = key("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0", ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P");
const github = key("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a");
const pem = (length: number) =>
  key("-----BEGIN RSA PRIVATE ", `KEY-----\n${"A".repeat(length)}\n-----END RSA PRIVATE `, "KEY-----");

describe("the checks of personal data and of secrets", () => {
  test("divide redaction's rules between them", () => {
    const names = [...Object.keys(personalTypes), ...Object.keys(secretTypes)];
    assert.deepEqual(names.toSorted(), redactionNames.toSorted());
  });

  test("find each its own", () => {
    const text = `amy@example.com, 4111 1111 1111 1111, ${jwt}, ${github}`;
    assert.equal(reasonOf(checkOf("personal_data"), output(text)), "email 1, payment_card 1");
    assert.equal(reasonOf(checkOf("secrets"), output(text)), "jwt 1, api_key 1");
    assert.equal(
      redacted(checkOf("personal_data"), input(text)),
      `[email], [payment_card], ${jwt}, ${github}`,
    );
  });

  test("find only the types that are asked for", () => {
    const check = checkOf("personal_data", { types: ["phone", "us_ssn"] });
    assert.equal(reasonOf(check, output("amy@example.com, nl 111222333")), undefined);
    assert.equal(reasonOf(check, output("+49 30 901820, 078-05-1120")), "phone 1, us_ssn 1");
  });

  test("hold back what the types need, and no more", () => {
    const windowOf = (name: string, types: readonly string[]) => checkOf(name, { types }).windowChars;
    assert.equal(windowOf("personal_data", ["phone", "ip_address"]), 48);
    assert.equal(checkOf("personal_data").windowChars, 128);
    assert.equal(windowOf("secrets", ["api_key"]), 64);
    assert.equal(checkOf("secrets").windowChars, 352);
  });

  test("find a private key of 4,096 bits whole", () => {
    const check = checkOf("secrets");
    const text = `before ${pem(3_160)} after`;
    assert.equal(redacted(check, output(text)), "before [private_key] after");
  });

  test("find what is long, and what an escape of JSON hides", () => {
    const check = checkOf("secrets");
    const token = "f3A9kd02LmQz81XcVb7Rt5Yw".repeat(20);
    const json = JSON.stringify({ session_token: token, note: "x" });
    assert.deepEqual(JSON.parse(redacted(check, calls({ name: "login", arguments: json }))), {
      session_token: "[secret]",
      note: "x",
    });
    const pasted = JSON.stringify({ log: `ok\n${github}` });
    assert.equal(redacted(check, output(pasted)), '{"log":"ok\\n[api_key]"}');
    assert.equal(reasonOf(check, output(`\\n${pasted} ${jwt}`)), "api_key 1, jwt 1");
  });

  test("know by its key what a value in arguments is", () => {
    const check = checkOf("secrets");
    const json =
      '{"user": "amy", "password": "correct horse", "list": [{"passwd": "x1y2"}], "hint": "password"}';
    assert.deepEqual(JSON.parse(redacted(check, calls({ name: "login", arguments: json }))), {
      user: "amy",
      password: "[password]",
      list: [{ passwd: "[password]" }],
      hint: "password",
    });
    const none = checkOf("secrets", { types: ["jwt"] });
    assert.equal(judged(none, calls({ name: "login", arguments: json })).kind, "pass");
  });

  test("find in arguments what is written in escapes, and numbers", () => {
    const check = checkOf("personal_data");
    const json = '{"to":"hi\\namy\\u0040example.com","card":4111111111111111,"n":12}';
    assert.equal(
      redacted(check, calls({ name: "pay", arguments: json })),
      '{"to":"hi\\n[email]","card":"[payment_card]","n":12}',
    );
    assert.deepEqual(
      spansOf(check, calls({ name: "f", arguments: "{}" }, { name: "pay", arguments: json })).map(
        ({ index }) => index,
      ),
      [1, 1],
    );
  });

  test("have no verdict where there is nothing to look at", () => {
    const check = checkOf("personal_data");
    assert.equal(judged(check, calls({ name: "f", arguments: "{}" })).kind, "not_evaluated");
    assert.equal(judged(check, output("")).kind, "pass");
  });
});
