// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references is under test
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Given } from "./config-fixture.ts";
import { marked, problemsOf } from "./config-fixture.ts";

interface Case extends Given {
  readonly says: string;
  /** `⟦` stands where the problem is to be found. */
  readonly yaml: string;
  readonly problem: string;
}

const head = "upstreams: { main: {} }\n";

/** One experiment `tone`, with the given lines in place of its variants or after them. */
const tone = (lines: string, variants = "{ control: { model: a }, warm: { model: b } }"): string =>
  `${head}experiments:\n  tone:\n    variants: ${variants}\n${lines}`;

const shape: readonly Case[] = [
  {
    says: "an unknown key, with the one that was meant",
    yaml: tone("", "{ control: { model: a, ⟦wieght⟧: 1 }, warm: { model: b } }"),
    problem: "unknown key `wieght`; did you mean `weight`?",
  },
  {
    says: "an unknown key that resembles nothing, with the known ones",
    yaml: `${head}telemetry: { ⟦frobnicate⟧: 1 }`,
    problem:
      "unknown key `frobnicate`; known here: service_name, environment, content, content_sample, content_max_chars, keep_ratio, keep_slower_than_ms, unit_hash_key",
  },
  {
    says: "a section under the wrong name",
    yaml: `⟦upstream⟧: { main: {} }\nupstreams: { main: {} }\n`,
    problem: "unknown key `upstream`; did you mean `upstreams`?",
  },
  {
    says: "a value of the wrong type",
    yaml: tone("", "{ control: { model: a, weight: ⟦heavy⟧ }, warm: { model: b } }"),
    problem: '`weight` is "heavy"; it must be a number',
  },
  {
    says: "a number out of range",
    yaml: `${head}server:\n  port: ⟦70000⟧\n`,
    problem: "`port` is 70000; it must be 65535 or less",
  },
  {
    says: "a word that is no choice, with the one that was meant",
    yaml: tone("    unit: ⟦usr⟧"),
    problem: '`unit` is "usr"; it must be one of user, org, session, request; did you mean `user`?',
  },
  {
    says: "a unit's place that does not exist",
    yaml: tone("    unit: { type: user, from: [user, ⟦cookie⟧] }"),
    problem:
      'item 2 of `from` is "cookie"; it must be `header:<name>`, `metadata.<key>`, `baggage:<key>`, `user`, `safety_identifier` or `prompt_cache_key`',
  },
  {
    says: "a missing member at the key of what lacks it",
    yaml: tone("", "{ control: { model: a }, ⟦warm⟧: { weight: 1 } }"),
    problem: "`warm` lacks `model`; add it",
  },
  {
    says: "a section without content",
    yaml: `${head}telemetry: ⟦\n`,
    problem: "`telemetry` is empty; it must be a map",
  },
  {
    says: "an id that cannot be one",
    yaml: `${head}experiments:\n  ⟦to ne⟧:\n    variants: { control: { model: a } }\n`,
    problem:
      "`to ne` cannot be a name here; it must be 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit",
  },
  {
    says: "a dialect that nobody speaks",
    yaml: `upstreams:\n  main: { dialect: ⟦opnai⟧ }\n`,
    problem: '`dialect` is "opnai"; it must be one of openai, json; did you mean `openai`?',
  },
  {
    says: "an address with a user in it",
    yaml: `upstreams:\n  main: { base_url: "⟦http://me:pw@host⟧" }\n`.replace('"⟦', '⟦"'),
    problem:
      '`base_url` is "http://me:pw@host"; it must be an http or https address without user, query and fragment, such as https://api.openai.com/v1',
  },
  {
    says: "the address of a cloud's metadata, however it is spelt",
    yaml: 'upstreams:\n  main: { base_url: ⟦"http://0xA9FEA9FE/v1"⟧ }\n',
    problem:
      "`base_url` leads to 169.254.169.254, a metadata address, where no upstream may be; write the address of the API",
  },
  {
    says: "a model server at a link-local address",
    yaml: `${head}experiments:\n  iris:\n    predict: {}\n    variants: { control: { url: ⟦"http://[fe80::1]/p"⟧ } }\n`,
    problem:
      "`url` leads to [fe80::1], a link-local address, where no upstream may be; write the address of the API",
  },
  {
    says: "a fallback target with two keys",
    yaml: tone("    fallback: [ ⟦{ model: a, answer: b }⟧ ]"),
    problem: "item 1 of `fallback` is a map; give item 1 of `fallback` one key only",
  },
];

const yaml: readonly Case[] = [
  {
    says: "a key that is given twice",
    yaml: `${head}⟦upstreams⟧: {}\n`,
    problem: "`upstreams` is given twice; keep one of the two",
  },
  { says: "a file that is empty", yaml: "⟦", problem: "the file is empty; it needs at least `upstreams`" },
  {
    says: "a file that is a list",
    yaml: "⟦- a\n",
    problem: "the file must be a map with the sections of a configuration, such as `upstreams:`",
  },
  {
    says: "an anchor that is not there",
    yaml: `upstreams: { main: ⟦*base⟧ }\n`,
    problem: "nothing above is anchored as `&base`",
  },
  {
    says: "a tag",
    yaml: `upstreams: { main: ⟦!!set⟧ {} }\n`,
    problem: "YAML tags are not supported; remove the `!…`",
  },
  {
    says: "a second document",
    yaml: `${head}⟦---⟧\na: 1\n`,
    problem: "the file holds several YAML documents; keep one, without `---` between",
  },
  {
    says: "a number that is not finite",
    yaml: tone("    coverage: ⟦.nan⟧"),
    problem: ".nan is not a finite number",
  },
  {
    says: "a tab as indentation",
    yaml: `upstreams:\n⟦\tmain: {}\n`,
    problem: "this is not valid YAML: Tabs are not allowed as indentation",
  },
  {
    says: "a prototype as a key",
    yaml: `${head}models: { ⟦__proto__⟧: {} }\n`,
    problem: "`__proto__` cannot be a key; choose another name",
  },
  {
    says: "a bare reference between braces",
    yaml: `${head}server: { port: $⟦{PORT} }\n`,
    problem:
      'this is not valid YAML here; between `{` or `[` and its end a reference needs quotes: "${NAME}"',
  },
  {
    says: "a variable that is not set, at the reference itself",
    yaml: `${head}server: { host: "a.⟦\${HOST}⟧" }\n`,
    problem: "the environment variable HOST is not set; set it, or give a default: ${HOST:-default}",
  },
  {
    says: "a reference that is not one",
    yaml: `${head}server: { host: "⟦\${1x}⟧" }\n`,
    problem: "a reference is ${NAME} or ${NAME:-default}; write $$ for a plain $",
  },
];

const meaning: readonly Case[] = [
  {
    says: "an upstream map without upstreams",
    yaml: "⟦upstreams⟧: {}\n",
    problem: "`upstreams` is empty; name at least one upstream",
  },
  {
    says: "a model's unknown upstream",
    yaml: `${head}models: { small: { upstream: ⟦mian⟧ } }\n`,
    problem: 'there is no upstream "mian"; did you mean "main"?',
  },
  {
    says: "an unknown default upstream",
    yaml: `${head}default_upstream: ⟦other⟧\n`,
    problem: 'there is no upstream "other"; there are: main',
  },
  {
    says: "a prompt that is not there, with the one that was meant",
    yaml: tone("", "{ control: { model: a, prompt: ⟦tone@v2⟧ }, warm: { model: b } }"),
    files: { "prompts/tone/v1.md": "---\ndescription: d\n---\n## system\nHello\n" },
    problem: 'there is no prompt "tone@v2"; did you mean "tone@v1"?',
  },
  {
    says: "a control that is no variant",
    yaml: tone("    control: ⟦contrl⟧"),
    problem: 'there is no variant "contrl"; did you mean "control"?; `control` names one of them',
  },
  {
    says: "a control that is left out, at the experiment",
    yaml: tone("", "{ a: { model: a }, b: { model: b } }").replace("tone", "⟦tone⟧"),
    problem: 'there is no variant "control"; there are: a, b; `control` names one of them',
  },
  {
    says: "a fallback to an unknown variant",
    yaml: tone("    fallback: [ { variant: ⟦wram⟧ } ]"),
    problem: 'there is no variant "wram"; did you mean "warm"?',
  },
  {
    says: "weights that sum to 0",
    yaml: tone("", "{ control: { model: a, weight: 0 }, warm: { model: b, weight: 0 } }").replace(
      "variants",
      "⟦variants⟧",
    ),
    problem: 'the weights of experiment "tone" sum to 0; give at least one variant a weight',
  },
  {
    says: "a holdout that is larger than the control",
    yaml: tone("    holdout: ⟦0.6⟧"),
    problem:
      'holdout 0.6 of experiment "tone" is more than the 50 % that its control "control" owns; lower the holdout or give the control more weight',
  },
  {
    says: "a parameter that a variant may not set",
    yaml: tone("", "{ control: { model: a, parameters: { ⟦stream⟧: true } }, warm: { model: b } }"),
    problem: "`parameters` may not set `stream`; the client decides it; remove it",
  },
  {
    says: "a rule that asks about two things",
    yaml: tone("    eligible: [ ⟦{ header: x-plan, metadata: plan, in: [pro] }⟧ ]"),
    problem: "the rule asks about header and metadata; give it one of `model: true`, `header` and `metadata`",
  },
  {
    says: "a rule that wants nothing",
    yaml: tone("    eligible: [ ⟦{ header: x-plan }⟧ ]"),
    problem: "the rule wants nothing of the value; add `in`, `not_in` or `exists`",
  },
  {
    says: "a place for the unit of each request",
    yaml: tone("    unit: { type: request, ⟦from⟧: [user] }"),
    problem: "a unit of type request has the request's own id; remove `from`, or choose another type",
  },
  {
    says: "a way out that leads nowhere",
    yaml: tone("    output: { on_invalid: ⟦fallback⟧ }"),
    problem: "`on_invalid` is fallback, and `fallback` is empty; list a target there, or choose another way",
  },
  {
    says: "one port for two listeners",
    yaml: `${head}server: { port: 9000, admin: { port: ⟦9000⟧ } }\n`,
    problem: "`port` is 9000, as the data plane's; give the admin listener another one",
  },
  {
    says: "an open admin listener beyond loopback",
    yaml: `${head}server: { admin: { host: ⟦0.0.0.0⟧ } }\n`,
    problem: 'the admin listener\'s host "0.0.0.0" is not loopback; set `token`, or use 127.0.0.1',
  },
  {
    says: "a data plane that asks for no keys beyond loopback",
    yaml: `${head}server: { host: ⟦0.0.0.0⟧ }\n`,
    problem:
      'the data plane\'s host is not loopback and `auth.mode` is "open": whoever reaches it would spend your tokens; set `auth.mode` to "keys", or use 127.0.0.1',
  },
  {
    says: "a weak admin token",
    yaml: `${head}server: { admin: { token: "⟦\${TOKEN}" } }\n`.replace('"⟦', '⟦"'),
    env: { TOKEN: "hunter2" },
    problem: "the admin token has 7 bytes; it must have at least 32",
  },
  {
    says: "a header's name that is none",
    yaml: `upstreams: { main: { headers: { ⟦x y⟧: a } } }\n`,
    problem: '"x y" is not a header\'s name; use letters, digits and `-`',
  },
  {
    says: "a header that the connection decides",
    yaml: `upstreams: { main: { headers: { ⟦Host⟧: a } } }\n`,
    problem: 'header "Host" is set by Assay itself; remove it',
  },
  {
    says: "a longer first wait than the longest",
    yaml: `upstreams: { main: { retry: { base_ms: ⟦9000⟧ } } }\n`,
    problem: "`base_ms` is 9000, more than `max_ms` (5000); lower it or raise `max_ms`",
  },
];

for (const [title, cases] of Object.entries({ shape, yaml, meaning })) {
  describe(`a problem of ${title} is told with its place`, () => {
    for (const { says, yaml: source, problem, ...given } of cases) {
      test(says, () => {
        const { text, position } = marked(source);
        assert.deepEqual(problemsOf(text, given), [`assay.yaml:${position} ${problem}`]);
      });
    }
  });
}
