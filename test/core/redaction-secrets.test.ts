import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRedactor } from "../../src/core/redaction.ts";

const { redact, redactAll } = createRedactor();

function assertRedacted(cases: readonly (readonly [string, string])[]): void {
  for (const [text, expected] of cases) assert.equal(redact(text).text, expected, text);
}

function assertUntouched(texts: readonly string[]): void {
  for (const text of texts) assert.equal(redact(text).text, text);
}

const random = "f3A9kd02LmQz81XcVb7Rt5Yw";

describe("passwords", () => {
  test("are found where they are assigned, in whatever spelling", () => {
    assertRedacted([
      ["password=hunter2", "password=[password]"],
      ["DB_PASSWORD = hunter2", "DB_PASSWORD = [password]"],
      ['{"password": "correct horse, battery"}', '{"password": "[password]"}'],
      ['{\\"userPassword\\":\\"hunter2\\"}', '{\\"userPassword\\":\\"[password]\\"}'],
      ["Passwort: Sommer23!", "Passwort: [password]"],
      ["mot de passe : Soleil_9", "mot de passe : [password]"],
      ["pwd: 'a;b'", "pwd: '[password]'"],
      ["?user=u&password=geheim&x=1", "?user=u&password=[password]&x=1"],
    ]);
  });

  test("are found in URLs, and the names of users stay", () => {
    assertRedacted([
      ["postgres://app:s3cret@db.internal:5432/x", "postgres://app:[password]:5432/x"],
      ["redis://:p%40ss@cache", "redis://:[password]@cache"],
      ["amqp://a:b:c@d@host/", "amqp://a:[password]@host/"],
    ]);
    assertUntouched([
      "https://example.com:8080/a@b",
      "http://user@host/",
      "see ://:@",
      "postgres://$(USER):$(PASS)@h",
    ]);
  });

  test("are not what only speaks of them", () => {
    assertUntouched([
      "Password: must have eight characters.",
      "password = getPassword(user)",
      "password: string, token: string",
      'password: "{{ password }}"',
      "password=********",
      "password_min_length=12345678",
    ]);
  });

  test("in a JSON value are what its key says", () => {
    const { value } = redactAll({ password: "a b", nested: { api_key: random }, passwords: 3, note: random });
    assert.deepEqual(value, {
      password: "[password]",
      nested: { api_key: "[secret]" },
      passwords: 3,
      note: random,
    });
  });
});

describe("other secrets", () => {
  test("are found where they are said to be some, and look like chance", () => {
    assertRedacted([
      [`client_secret: ${random}`, "client_secret: [secret]"],
      [`"accessToken":"${random}"`, '"accessToken":"[secret]"'],
      [`x-api-key: ${random}`, "x-api-key: [secret]"],
      [`AccountKey=${random}${random}==;x`, "AccountKey=[secret];x"],
      ["Authorization: Basic dXNlcjpodW50ZXIy", "Authorization: Basic [bearer_token]"],
    ]);
  });

  test("are not hashes, UUIDs and ids that nobody calls secret", () => {
    assertUntouched([
      random,
      `commit ${"0123456789abcdef".repeat(2)}01234567`,
      "token: 01890a5d-ac96-774b-bcce-b302099a8057",
      `request_id=${random}`,
      `cache_key: ${random}`,
      "token: the-name-of-some-secret-in-production-2024",
      "basic knowledge2 of JavaScript",
    ]);
  });

  test("with a mark of their own are found without a name", () => {
    const telegram = `123456789:${"AAx9".repeat(8)}abc`;
    assertRedacted([
      [`bot ${telegram} x`, "bot [api_key] x"],
      [
        `https://hooks.slack.com/services/T${"0A1b2C3d4/".repeat(4)}x`,
        "https://hooks.slack.com/services/[api_key]",
      ],
      [`abc8Q~${"aB1".repeat(11)}`, "[api_key]"],
    ]);
  });

  test("are private keys also on one line, and in base 64 once more", () => {
    const pem = `-----BEGIN PRIVATE ${"KEY"}-----\\nMIIabc\\n-----END PRIVATE KEY-----\\n`;
    assertRedacted([[`{"private_key":"${pem}"}`, '{"private_key":"[private_key]\\n"}']]);
    const packed = Buffer.from(`-----BEGIN RSA PRIVATE ${"KEY"}-----\n${"MIIabc".repeat(20)}`).toString(
      "base64",
    );
    assert.equal(redact(packed).count, 1);
  });
});

describe("secrets that are long", () => {
  /** Ends in what would be left if only a beginning were taken. */
  const long = (length: number) => `${random.repeat(length / random.length)}zEnd9`;

  test("go whole", () => {
    for (const length of [240, 480, 504, 528, 960, 4800]) {
      assertRedacted([
        [`export AWS_SESSION_TOKEN=${long(length)}\n`, "export AWS_SESSION_TOKEN=[secret]\n"],
        [`Authorization: Bearer ${long(length)}, x`, "Authorization: Bearer [bearer_token], x"],
        [`password=${long(length)} x`, "password=[password] x"],
        [`{"password": "${long(length)}", "x": 1}`, '{"password": "[password]", "x": 1}'],
        [`{"password": "${long(length)}`, '{"password": "[password]'],
      ]);
    }
    assertRedacted([[`https://aws:${long(960)}@host/x`, "https://aws:[password]@host/x"]]);
  });

  test("are told by the key that they stand under", () => {
    const { value } = redactAll({
      session_token: long(960),
      tokens: { secret: [long(288)] },
      note: long(288),
    });
    assert.deepEqual(value, {
      session_token: "[secret]",
      tokens: { secret: ["[secret]"] },
      note: long(288),
    });
  });

  test("are web tokens also where their end is cut off", () => {
    const token = ["eyJhbGciOiJIUzI1NiJ9", `eyJ${random.repeat(100)}`].join(".");
    assertRedacted([[`see ${token}`, "see [jwt]"]]);
    assertUntouched(["eyJhbGciOiJIUzI1NiJ9.name"]);
  });
});

describe("MAC addresses", () => {
  test("are found in their three spellings", () => {
    assertRedacted([
      ["00:1a:2b:3c:4d:5e.", "[mac_address]."],
      ['00:1a:2b:3c:4d:5e: "up"', '[mac_address]: "up"'],
      ["00-1A-2B-3C-4D-5E", "[mac_address]"],
      ["001a.2b3c.4d5e", "[mac_address]"],
    ]);
    assertUntouched(["00:1a-2b:3c:4d:5e", "00:1a:2b:3c:4d:5e:6f", "1234.5678.9012", "12:30:45"]);
  });
});

describe("rules", () => {
  test("that are off find nothing, and the others go on", () => {
    const some = createRedactor({ off: ["email", "au_tfn", "password"] });
    const text = "a@x.io 10.0.0.1 BSN 111222333, password=hunter2, and of the tax office, TFN 876543210";
    assert.equal(
      some.redact(text).text,
      "a@x.io [ip_address] BSN [nl_bsn], password=hunter2, and of the tax office, TFN 876543210",
    );
    assert.deepEqual(some.redactAll({ password: "x y" }).value, { password: "x y" });
  });
});

test("text that makes every rule begin again and again ends", () => {
  const units = [
    "111222333 ",
    "bsn 111222333 ",
    "tax id ",
    "1 2 3 ",
    "12345678-",
    "RSSMRA85",
    "X-",
    "2A ",
    "password=",
    "password: '",
  ];
  units.push(
    "secret=aaaa1",
    "key:",
    "://a:b",
    "://",
    "@",
    "sk-a.",
    "sk-",
    "MTA",
    "SG.a.",
    "hvs.",
    "key-0a",
    "pat",
    "eyJ",
    "a1:",
    "Q~",
    "JQQJ99",
  );
  units.push(
    ":AA",
    "00:",
    "00-",
    "1a2b.",
    "basic a ",
    "/api/webhooks/1",
    "hooks.slack.com/services/T",
    "= ",
    '\\"',
    "4111 ",
    "token='",
    "MTA.",
    "-----BEGIN A ",
  );
  for (const unit of units) {
    const text = unit.repeat(Math.ceil(100_000 / unit.length));
    assert.equal(typeof redact(text).text, "string", unit);
  }
});
