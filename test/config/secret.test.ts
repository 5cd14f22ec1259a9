// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references is under test
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { createSecret } from "../../src/config/secret.ts";
import { configOf, loadText, marked, problemsOf } from "./config-fixture.ts";

const canary = "sk-canary-0123456789abcdef0123456789abcdef";

describe("a secret", () => {
  test("gives its text to reveal and to nobody else", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 12 }).map((text) => `#${text}#`),
        (text) => {
          const secret = createSecret(text);
          assert.equal(secret.reveal(), text);
          const shown = [
            `${secret}`,
            String(secret),
            JSON.stringify({ secret }),
            inspect(secret),
            inspect({ secret }, { showHidden: true, depth: 9 }),
            inspect(secret, { customInspect: false, showHidden: true }),
            inspect({ ...secret }),
            Object.values(secret).join(),
          ];
          for (const line of shown) assert.ok(!line.includes(text), line);
        },
      ),
    );
  });

  test("prints as redacted", () => {
    const secret = createSecret(canary);
    assert.deepEqual(
      [`${secret}`, JSON.stringify([secret]), inspect({ secret })],
      ["[redacted]", '["[redacted]"]', "{ secret: [redacted] }"],
    );
  });
});

const everywhere = `server: { admin: { token: "\${S}" } }
upstreams: { main: { api_key: "\${S}" } }
experiments: { e: { hash_secret: "\${S}", variants: { control: { model: a } } } }
telemetry: { unit_hash_key: "\${S}" }
`;

describe("the configuration", () => {
  test("reveals each of its secrets when asked, and prints none", () => {
    const config = configOf(everywhere, { env: { S: canary } });
    const secrets = [
      config.server.adminToken,
      config.upstreams.main?.apiKey,
      config.experiments.e?.hashSecret,
      config.telemetry.unitHashKey,
    ];
    for (const secret of secrets) assert.equal(secret?.reveal(), canary);
    assert.ok(!inspect(config, { depth: 20, showHidden: true }).includes(canary));
    assert.ok(!JSON.stringify(config).includes(canary));
  });

  test("takes an empty variable for no secret", () => {
    const config = configOf(everywhere, { env: { S: "" } });
    assert.equal(config.server.adminToken, undefined);
    assert.equal(config.upstreams.main?.apiKey, undefined);
  });

  test("prints no secret's value in a problem, wherever the reference stands", () => {
    const places = [
      everywhere.replace("control:", "wrong:"),
      'upstreams: { main: { base_url: "${S}", provider: "${S}" } }\nserver: { port: "${S}", host: "${S}" }\n',
      'upstreams: { main: {} }\ntelemetry: { content: "${S}", keep_ratio: "${S}", frob: "${S}" }\n',
      'upstreams: { main: { headers: { x-a: "${S}\\n" } } }\ndefault_upstream: main\n',
      'upstreams: { main: { api_key: "x ${S}" } }\nexperiments: { e: { unit: "${S}", variants: "${S}" } }\n',
    ];
    for (const text of places) {
      const problems = problemsOf(text, { env: { S: canary } });
      assert.ok(problems.length > 0, text);
      assert.ok(!problems.join("\n").includes(canary), problems.join("\n"));
    }
  });

  for (const [name, yaml] of [
    ["api_key", `upstreams: { main: { api_key: ⟦${canary}⟧ } }\n`],
    ["token", `upstreams: { main: {} }\nserver: { admin: { token: ⟦${canary}⟧ } }\n`],
    ["unit_hash_key", `upstreams: { main: {} }\ntelemetry: { unit_hash_key: ⟦${canary}⟧ }\n`],
  ] as const) {
    test(`refuses a ${name} in plain text, without repeating it`, () => {
      const { text, position } = marked(yaml);
      assert.deepEqual(problemsOf(text), [
        `assay.yaml:${position} \`${name}\` is a secret in plain text; put it into the environment and write \${${name.toUpperCase()}} here`,
      ]);
    });
  }

  test("refuses a secret that hides in a default, in text around a reference, or behind an alias", () => {
    for (const written of [`"\${K:-${canary}}"`, `"${canary}\${K}"`]) {
      const problems = problemsOf(`upstreams: { main: { api_key: ${written} } }\n`, { env: { K: "k" } });
      assert.match(
        problems.join("\n"),
        /^assay\.yaml:1:31 `api_key` must be one reference such as \$\{API_KEY\}/,
      );
      assert.ok(!problems.join("\n").includes(canary));
    }
    const aliased = problemsOf(`upstreams: { main: { provider: &k ${canary}, api_key: *k } }\n`).join("\n");
    assert.match(aliased, /secret in plain text/);
    assert.ok(!aliased.includes(canary));
  });

  test("does not repeat a secret of the wrong type, or in a header", () => {
    const problems = problemsOf(
      "upstreams: { main: { api_key: 31415926, headers: { authorization: Bearer 31415926, x-n: 31415926 } } }\n",
    ).join("\n");
    assert.match(problems, /`api_key` is a number \(not shown\); it must be text/);
    assert.match(problems, /header "authorization" carries a secret in plain text/);
    assert.ok(!problems.includes("31415926"));
  });

  test("refuses a key that no header can carry", () => {
    const loaded = loadText('upstreams: { main: { api_key: "${K}" } }\n', { env: { K: "sk-1\n" } });
    assert.ok("problems" in loaded);
    assert.match(loaded.problems[0]?.message ?? "", /the value of \$\{K\} holds a space, a line break/);
  });
});
