import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { linearPattern } from "../../src/core/linear-pattern.ts";
import { createRedactor } from "../../src/core/redaction.ts";

const { redact, redactAll } = createRedactor();

function assertRedacted(cases: readonly (readonly [string, string])[]): void {
  for (const [text, expected] of cases) assert.equal(redact(text).text, expected, text);
}

function assertUntouched(texts: readonly string[]): void {
  for (const text of texts) assert.deepEqual(redact(text), { text, count: 0, rules: [] }, text);
}

// Put together here, so that no scanner of repositories takes them for real ones.
const key = (...parts: readonly string[]): string => parts.join("");
const jwt = key("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0", ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P");

describe("redact", () => {
  test("replaces e-mail addresses and keeps what stands around them", () => {
    assertRedacted([
      ["Write to bob.o'hara+x@mail.example.co.uk.", "Write to [email]."],
      ["'amy@x.io', <ben@x.io>; mailto:cy@x.io?a=1", "'[email]', <[email]>; mailto:[email]?a=1"],
      ["müller@example.de", "[email]"],
      ["a@b.example--then", "[email]--then"],
      [`${"x".repeat(200)}@example.com`, `${"x".repeat(136)}[email]`],
    ]);
    assertUntouched(["@alice", "a@b", "a @ b.com", "me@localhost", "@@@@", "x@.com", "user@", "a@b.c"]);
  });

  test("replaces payment cards by checksum, in all brands and spellings", () => {
    assertRedacted([
      ["4111111111111111", "[payment_card]"],
      ["4111 1111 1111 1111 12/25", "[payment_card] 12/25"],
      ["1 4111-1111-1111-1111", "1 [payment_card]"],
      ["amex 378282246310005, 3782 822463 10005.", "amex [payment_card], [payment_card]."],
      ["5555555555554444 2223003122003222", "[payment_card] [payment_card]"],
      ["6011111111111117;30569309025904;3530111333300000", "[payment_card];[payment_card];[payment_card]"],
      ["4222222222222", "[payment_card]"],
    ]);
    assertUntouched([
      "4111111111111112",
      "41111111111111111",
      "0.4111111111111111",
      "1700000000000",
      "order 9111111111111111",
      "4111111111111111a",
    ]);
  });

  test("finds every number that passes Luhn's check, and none that fails it", () => {
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 14, maxLength: 14 });
    fc.assert(
      fc.property(digits, fc.constantFrom("", " ", "-"), (middle, separator) => {
        const start = `4${middle.join("")}`;
        const valid = [...Array(10).keys()].map((last) => start + last).filter(isLuhn);
        assert.equal(valid.length, 1);
        for (const last of Array(10).keys()) {
          const number = `${start}${last}`;
          const spelt = number.replaceAll(/(\d{4})(?=\d)/g, `$1${separator}`);
          const { rules } = redact(`No. ${spelt}!`);
          assert.equal(rules.includes("payment_card"), valid.includes(number), spelt);
        }
      }),
    );
  });

  test("replaces IBANs by country, length and checksum", () => {
    assertRedacted([
      ["DE89 3704 0044 0532 0130 00 AND MORE", "[iban] AND MORE"],
      ["GB82WEST12345698765432,", "[iban],"],
      ["fr14 2004 1010 0505 0001 3m02 606", "[iban]"],
      ["NO9386011117947", "[iban]"],
      ["MT84MALT011000012345MTLCAST001S", "[iban]"],
      ["AB12 CD DE89370400440532013000", "AB12 CD [iban]"],
    ]);
    assertUntouched([
      "DE88370400440532013000",
      "ZZ89370400440532013000",
      "DE8937040044053201300",
      "XX12 3456",
    ]);
  });

  test("replaces telephone numbers that are written as such", () => {
    assertRedacted([
      ["+49 (0)30 1234567", "[phone]"],
      ["+14155550132 or (415) 555-0132 or 415-555-0132.", "[phone] or [phone] or [phone]."],
      ["tel:+33 1 23 45 67 89", "tel:[phone]"],
    ]);
    assertUntouched([
      "2024-01-12 12:30:45",
      "1 + 12345678",
      "x+12345678",
      "v415.555.0132.7",
      "115-555-0132",
      "+12 34",
    ]);
  });

  test("replaces IP addresses, but not versions, times or scopes in programs", () => {
    assertRedacted([
      ["from 10.0.0.1:8080", "from [ip_address]:8080"],
      ["2001:db8::8a2e:370:7334.", "[ip_address]."],
      ["[fe80::1] 2001:0db8:85a3:0000:0000:8a2e:0370:7334", "[[ip_address]] [ip_address]"],
      ["::ffff:192.0.2.1", "[ip_address]"],
    ]);
    assertUntouched([
      "v1.2.3.4",
      "1.2.3.4.5",
      "256.1.1.1",
      "12:30:45",
      "a::b",
      "std::vector",
      "1:2:3:4:5:6:7:8:9",
      "1::2::3",
      '{"a":1,"b":2}',
    ]);
  });

  test("replaces US social security numbers that may have been issued", () => {
    assertRedacted([["SSN 123-45-6789.", "SSN [us_ssn]."]]);
    assertUntouched([
      "000-12-3456",
      "666-12-3456",
      "912-12-3456",
      "123-00-4567",
      "123-45-0000",
      "1123-45-6789",
    ]);
  });

  test("replaces keys of common services", () => {
    const keys = [
      key("sk-", "proj-abcDEF123_456-ghiJKL7890mno"),
      key("sk-", "ant-api03-", "Ab1_".repeat(20)),
      key("sk-", "0123456789abcdef".repeat(3)),
      key("AKIA", "IOSFODNN7EXAMPLE"),
      key("ghp_", "0123456789abcdefghijklmnopqrstuvwxyz"),
      key("github_pat_", "11ABCDEFG0123456789_abcdef"),
      key("xoxb-", "123456789012-abcdef"),
      key("AIza", "SyA1234567890abcdefghijklmnopqrstuv"),
      key("glpat-", "abcdefghij0123456789"),
      key("hf_", "abcdefghijklmnopqrstuvwxyzABCDEFGH"),
      key("sk_live_", "0123456789abcdef0123"),
    ];
    for (const one of keys) assertRedacted([[`key="${one}";`, 'key="[api_key]";']]);
    assertUntouched([
      "sk-learn-tutorial-for-beginners-2024",
      "sk-short",
      "AKIASHORT",
      "ghp_x",
      "task-0123456789",
    ]);
  });

  test("replaces tokens and private keys whole, also when their end is cut off", () => {
    const pem = (body: string): string => key("-----BEGIN RSA PRIVATE", " KEY-----\n", body);
    assertRedacted([
      [`token ${jwt}.`, "token [jwt]"],
      ["Authorization: Bearer abc123def456== next", "Authorization: Bearer [bearer_token] next"],
      ["bearer certificates are prose", "bearer certificates are prose"],
      [`a ${pem("MIIabc\n-----END RSA PRIVATE KEY-----")} b`, "a [private_key] b"],
      [`a ${pem("MIIabc")}`, "a [private_key]"],
      ["-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"],
    ]);
    assert.equal(redact(`Bearer ${jwt}`).text, "Bearer [jwt]");
  });

  test("counts the places and names the rules in the order of the text", () => {
    const { count, rules } = redact("a@x.io 10.0.0.1 b@x.io");
    assert.equal(count, 3);
    assert.deepEqual(rules, ["email", "ip_address"]);
  });

  test("takes what it has put in for a value, and not for a name", () => {
    const { redact } = createRedactor();
    assert.equal(redact("password=Tr0ub4dor :*=*-").text, "password=[password] :*=*-");
    assert.equal(redact("password=[password] :*=*-").text, "password=[password] :*=*-");
    assert.equal(redact("password: '[password]' :*=*-").text, "password: '[password]' :*=*-");
    assert.equal(redact("[password]: hunter2x9").text, "[password]: [password]");
    assert.equal(redact("config[password] = hunter2x9").text, "config[password] = [password]");
  });

  test("finds nothing in what it has redacted", () => {
    const pieces = fc.constantFrom(
      "password=Tr0ub4dor",
      '"password": "a b c"',
      "postgres://u:pw1@h/x",
      `secret: ${"a1B2c3D4".repeat(5)}`,
      "ssn 123456789",
      "00:1a:2b:3c:4d:5e",
      "a@x.io",
      "4111111111111111",
      "10.0.0.1",
      jwt,
      "+14155550132",
      " ",
      "x",
      "[",
      "-",
      "::",
    );
    for (const redactor of [createRedactor(), createRedactor({ pseudonymKey: "k" })]) {
      fc.assert(
        fc.property(fc.array(fc.oneof(pieces, fc.string())), (parts) => {
          const once = redactor.redact(parts.join(" ")).text;
          assert.equal(redactor.redact(once).text, once);
        }),
      );
    }
  });

  test("leaves no secret behind, whatever stands around it", () => {
    const secrets = ["carol@example.org", "4111111111111111", "DE89370400440532013000", jwt];
    const around = fc.string({ unit: fc.constantFrom(..." \n\"'<>()[]{},;:!?|") });
    fc.assert(
      fc.property(around, fc.constantFrom(...secrets), around, (before, secret, after) => {
        assert.ok(!redact(`${before} ${secret} ${after}`).text.includes(secret.slice(2, 9)));
      }),
    );
  });
});

test("leaves UUIDs alone, also those of which a part passes for a card or an account", () => {
  assertUntouched([
    "56688761-3787-4199-8758-f9facbb7048f",
    "chatcmpl-56688761-3787-4199-8758-f9facbb7048f",
    "f9facbb7-048f-ba39-8129-007940102015",
  ]);
  assert.equal(redact("4111-1111-1111-1111").count + redact("BA39-8129-0079-4010-2015").count, 2);
});

describe("text within text", () => {
  const secrets = [
    ["DE89370400440532013000", "iban"],
    ["4111111111111111", "payment_card"],
    ["123-45-6789", "us_ssn"],
    ["RSSMRA85T10A562S", "it_codice_fiscale"],
    ["12345678Z", "es_dni"],
    ["10.1.2.3", "ip_address"],
    ["00:1a:2b:3c:4d:5e", "mac_address"],
    ["+4915112345670", "phone"],
    [["AKIA", "IOSFODNN7EXAMPLE"].join(""), "api_key"],
    [["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxIn0", "dozjgNryP4J3jVmNHl0w5N"].join("."), "jwt"],
  ] as const;

  test("is read across the escapes of JSON, in which a line break is a letter", () => {
    for (const [secret, rule] of secrets) {
      for (const before of ["\n", "a\n", "\r\n", "\t", "<", "\u00a0", "'"]) {
        for (const spelt of [
          JSON.stringify({ text: `${before}${secret}\nb` }),
          JSON.stringify(JSON.stringify({ text: `${before}${secret}\tb` })),
        ]) {
          const escaped = spelt.replaceAll("<", "\\u003c").replaceAll("\u00a0", "\\u00a0");
          assert.equal(redact(escaped).text, escaped.replace(secret, `[${rule}]`));
        }
      }
    }
  });

  test("keeps what only looks like an escape: nothing is lost by it, nor found in half", () => {
    assert.equal(redact("ACME\\rob@example.com").text, "ACME\\[email]");
    assert.equal(redact("C:\\token=f3A9kd02LmQz81XcVb7Rt5Yw").text, "C:\\token=[secret]");
    const own = createRedactor({
      patterns: [{ name: "share", pattern: linearPattern(String.raw`\\\\files\\[a-z]+`) }],
    });
    assert.equal(own.redact(String.raw`see \\files\team`).text, "see [share]");
    assert.equal(redact(String.raw`C:\new\table\4.1`).text, String.raw`C:\new\table\4.1`);
  });
});

describe("pseudonyms", () => {
  test("are the same for one value in all its spellings, and differ between values and keys", () => {
    const keyed = createRedactor({ pseudonymKey: "k1" });
    const { text } = keyed.redact("Bob@x.io bob@x.io amy@x.io");
    const found = [...text.matchAll(/\[email:([0-9a-f]{8})\]/g)].map((match) => match[1]);
    assert.equal(found.length, 3);
    assert.equal(found[0], found[1]);
    assert.notEqual(found[0], found[2]);
    assert.equal(keyed.redact("4111 1111 1111 1111").text, keyed.redact("4111-1111-1111-1111").text);
    assert.notEqual(
      createRedactor({ pseudonymKey: "k2" }).redact("bob@x.io").text,
      keyed.redact("bob@x.io").text,
    );
  });
});

describe("patterns of the operator", () => {
  test("are applied everywhere and merge with what overlaps them", () => {
    const custom = createRedactor({ patterns: [{ name: "ticket", pattern: linearPattern("T-\\d+") }] });
    assert.equal(custom.redact("T-1 and T-22").text, "[ticket] and [ticket]");
    const wide = createRedactor({ patterns: [{ name: "line", pattern: linearPattern("io and .*") }] });
    assert.equal(wide.redact("bob@x.io and more").text, "[email]");
    const hinted = createRedactor({
      patterns: [{ name: "ticket", pattern: linearPattern("\\d{4}"), keyword: "ticket" }],
    });
    assert.equal(hinted.redact("1234").text, "1234");
    assert.equal(hinted.redact("TICKET 1234").text, "TICKET [ticket]");
    assert.equal(
      createRedactor({ patterns: [{ name: "empty", pattern: linearPattern("x*") }] }).redact("abc").text,
      "abc",
    );
  });
});

describe("redactAll", () => {
  test("redacts strings, keys and numbers at every depth and keeps the shape", () => {
    const { value, count, rules } = redactAll({
      a: [4111111111111111, "b@x.io", 1.5, null, true],
      "k@x.io": {},
    });
    assert.deepEqual(value, { a: ["[payment_card]", "[email]", 1.5, null, true], "[email]": {} });
    assert.equal(count, 3);
    assert.deepEqual(rules, ["payment_card", "email"]);
  });

  test("stops at 64 levels instead of overflowing", () => {
    let deep: unknown = "b@x.io";
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    assert.match(JSON.stringify(redactAll(deep).value), /^\[{64}"\[deep\]"\]{64}$/);
  });
});

test("does not backtrack: adversarial text of a megabyte ends", () => {
  const unit = [
    "1",
    "4 ",
    "41-",
    "a@",
    "a:",
    "eyJ",
    "eyJaaaaaaaaa.",
    "sk-",
    "-----BEGIN ",
    "bearer ",
    "DE89 ",
    "+1 ",
    "1.",
  ];
  unit.push(
    key("-----BEGIN PRIVATE", " KEY-----"),
    "a.",
    "@a.",
    "::",
    "(",
    "a-",
    "Bearer\t",
    "xoxb-",
    "ghp_",
  );
  for (const piece of unit) {
    const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
    assert.equal(typeof redact(text).text, "string");
  }
});

function isLuhn(number: string): boolean {
  const sum = [...number].reverse().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
