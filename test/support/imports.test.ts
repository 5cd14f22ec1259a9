import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { importsOf } from "./imports.ts";

const specifiers = (text: string) => importsOf(text).map(({ specifier }) => specifier);

describe("the reader of imports", () => {
  const kinds = [
    'import a from "x";',
    'import { a, type B } from "x";',
    'import type { A } from "x";',
    'import * as a from "x";',
    'import a, { b } from "x";',
    'import "x";',
    'import{a}from"x";',
    'export { a } from "x";',
    'export * from "x";',
    'export * as a from "x";',
    'export type { A } from "x";',
    "import a from 'x';",
    'const a = await import("x");',
    "const a = await import(`x`);",
    'type A = import("x").A;',
    'let a: typeof import("x");',
    'const a = require("x");',
    'import {\n  a,\n  b,\n} from "x";',
    'const url = "http://y"; import a from "x";',
    'declare module "y" {\n  import type { A } from "x";\n}',
  ];
  for (const text of kinds) {
    test(`sees ${JSON.stringify(text)}`, () => assert.deepEqual(specifiers(text), ["x"]));
  }

  const none = [
    '// import a from "x";',
    '/* import a from "x"; */',
    '/**\n * import a from "x";\n */',
    'const text = `\nimport a from "x";\n`;',
    "const text = 'import a from \"x\"';",
    'export const a = "x";',
    'export const from = "x";',
    'const important = "x";',
    'export function a() {\n  return b("x");\n}',
  ];
  for (const text of none) {
    test(`sees nothing in ${JSON.stringify(text)}`, () => assert.deepEqual(specifiers(text), []));
  }

  test("tells the line of each specifier", () => {
    const text =
      '/** import "no"; */\nimport a from "x";\nimport {\n  b,\n} from "y";\n\nawait import("z");\n';
    assert.deepEqual(importsOf(text), [
      { specifier: "x", line: 2, isType: false },
      { specifier: "y", line: 5, isType: false },
      { specifier: "z", line: 7, isType: false },
    ]);
  });

  test("knows what is erased", () => {
    const text =
      'import type { A } from "a";\nexport type { B } from "b";\nimport { type C } from "c";\nimport { typed } from "d";';
    assert.deepEqual(
      importsOf(text).map(({ isType }) => isType),
      [true, true, false, false],
    );
  });
});
