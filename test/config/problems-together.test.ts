import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marked, problemsOf } from "./config-fixture.ts";

const head = "upstreams: { main: {} }\n";

const second = (lines: string): string =>
  `${head}experiments:\n  one: { variants: { control: { model: a } }, layer: { name: l, start: 0, end: 0.5 }, match: { models: [m] } }\n  two:\n    variants: { control: { model: a } }\n${lines}`;

const cases = [
  {
    says: "a model name that two experiments match",
    yaml: second("    match: { models: [x, ⟦m⟧] }"),
    problem: 'model "m" is matched by experiment "one" already; remove it from one of the two',
  },
  {
    says: "slices of a layer that overlap",
    yaml: second("    layer: ⟦{ name: l, start: 0.4, end: 1 }⟧"),
    problem: 'the slice overlaps that of experiment "one" (0 to 0.5); move one of the two',
  },
  {
    says: "a slice without content",
    yaml: second("    layer: { name: k, start: 0.4, end: ⟦0.4⟧ }"),
    problem: "the slice 0.4 to 0.4 is empty; `end` must be more than `start`",
  },
  {
    says: "two kinds of unit in a layer",
    yaml: second("    unit: org\n    layer: ⟦{ name: l, start: 0.5, end: 1 }⟧"),
    problem: 'experiment "one" of layer "l" has another unit; use one unit in a layer',
  },
];

describe("a problem between experiments is told with its place", () => {
  for (const { says, yaml, problem } of cases) {
    test(says, () => {
      const { text, position } = marked(yaml);
      assert.deepEqual(problemsOf(text), [`assay.yaml:${position} ${problem}`]);
    });
  }
});

test("slices of a layer that meet do not overlap", () => {
  assert.deepEqual(problemsOf(second("    layer: { name: l, start: 0.5, end: 1 }")), []);
});

test("all problems come at once, in the order of the text", () => {
  const text = `server: { port: 99999 }
upstreams:
  main: { api_key: sk-plain, base_ur: x }
experiments:
  tone:
    unit: usr
    control: contrl
    variants:
      control: { model: a, wieght: 1, prompt: none@v1 }
      warm: { prompt: x }
    fallback: [ { variant: wram } ]
    output: { schema: ./missing.json }
  two: 5
`;
  const places = problemsOf(text, { files: { "prompts/tone/v1.md": "no front matter" } }).map((problem) =>
    problem.split(" ").slice(0, 3).join(" "),
  );
  assert.deepEqual(places, [
    "assay.yaml:1:17 `port` is",
    "assay.yaml:3:20 `api_key` is",
    "assay.yaml:3:30 unknown key",
    "assay.yaml:6:11 `unit` is",
    "assay.yaml:7:14 there is",
    "assay.yaml:9:28 unknown key",
    "assay.yaml:9:47 there is",
    "assay.yaml:10:7 `warm` lacks",
    "assay.yaml:10:23 `prompt` is",
    "assay.yaml:11:28 there is",
    "assay.yaml:12:23 ./missing.json: there",
    "assay.yaml:13:8 `two` is",
    "prompts/tone/v1.md:1:1 the file",
  ]);
});
