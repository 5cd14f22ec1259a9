import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configOf, marked, problemsOf } from "./config-fixture.ts";

const head = "upstreams: { main: {} }\n";

describe("a guardrail in the configuration", () => {
  test("gets the defaults of its check, and fails closed unless it only flags", () => {
    const config = configOf(
      `${head}guardrails:\n  short: { length: { max_chars: 9 } }\n  told: { length: { max_chars: 9 }, action: flag }\n`,
    );
    const { short, told } = config.guardrails;
    assert.deepEqual(
      [short?.check, short?.action, short?.onFailure, short?.stages],
      ["length", "block", "closed", ["input", "output"]],
    );
    assert.deepEqual(told?.onFailure, "open");
  });

  const problems: readonly [says: string, yaml: string, message: RegExp][] = [
    [
      "without a check",
      "guardrails:\n  ⟦g⟧: { action: flag }\n",
      /guardrail "g" has no check; give it one of: .*length/,
    ],
    [
      "at a stage that its check cannot look at",
      "guardrails:\n  g: { length: { max_chars: 9 }, stages: [input, ⟦tool_calls⟧] }\n",
      /`length` cannot look at tool_calls; it looks at: input, output/,
    ],
    [
      "with an action that its check does not have",
      "guardrails:\n  g: { length: { max_chars: 9 }, action: ⟦redact⟧ }\n",
      /`length` cannot redact; it may: block, flag/,
    ],
    [
      "whose settings contradict each other",
      "guardrails:\n  g: { length: { min_chars: ⟦9⟧, max_chars: 3 } }\n",
      /`min_chars` 9 is more than `max_chars` 3/,
    ],
    [
      "that is to redact what has no place",
      'guardrails:\n  g: { patterns: { required: ["thanks"] }, action: ⟦redact⟧ }\n',
      /what is `required` and missing has no place/,
    ],
    [
      "with an answer for what it does not block",
      "guardrails:\n  g: { secrets: {}, answer: ⟦No.⟧ }\n",
      /`answer` is served for what is blocked, and this guardrail blocks nothing/,
    ],
    [
      "of an unknown kind, with the one that was meant",
      "guardrails:\n  g: { ⟦lenght⟧: { max_chars: 9 } }\n",
      /unknown key `lenght`; did you mean `length`\?/,
    ],
    [
      "that an experiment names and nobody has",
      "guardrails:\n  short: { length: { max_chars: 9 } }\nexperiments:\n  tone:\n    guardrails: [⟦shorts⟧]\n    variants: { control: { model: a }, warm: { model: b } }\n",
      /guardrail "shorts" is unknown; did you mean "short"\?|did you mean/,
    ],
  ];
  for (const [says, yaml, message] of problems) {
    test(`is refused ${says}`, () => {
      const { text, position } = marked(`${head}${yaml}`);
      const found = problemsOf(text);
      assert.ok(
        found.some((problem) => message.test(problem) && problem.includes(`:${position} `)),
        found.join("\n"),
      );
    });
  }
});
