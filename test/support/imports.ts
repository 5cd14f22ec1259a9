/** Reads the imports of a TypeScript text: value, type, side effect, re-export and dynamic. */
export interface Import {
  readonly specifier: string;
  /** From 1. */
  readonly line: number;
  /** `import type` and `export type`, which are erased. */
  readonly isType: boolean;
}

const statements = [
  // import … from "x", import "x", export … from "x", over several lines.
  /(?:^|[;}\n])\s*(?:import|export)\b(?:[^;"'`()=]*?\bfrom)?\s*(["'])([^"'\n]+)\1/g,
  // import("x"), as an expression or as a type; `require` would be none of ours, and is found too.
  /\b(?:import|require)\s*\(\s*(["'`])([^"'`\n]+)\1/g,
];

/** Comments do not count, and neither does what stands in template literals or strings. */
export function importsOf(text: string): Import[] {
  const bare = withoutProse(text);
  const found = statements.flatMap((statement) =>
    [...bare.matchAll(statement)].map((match) => {
      const specifier = match[2] ?? "";
      const at = match.index + match[0].lastIndexOf(specifier);
      const isType = /^\W*(?:import|export)\s+type\b/.test(match[0]);
      return { specifier, line: bare.slice(0, at).split("\n").length, isType };
    }),
  );
  return found.toSorted((a, b) => a.line - b.line);
}

/** Comments and template literals as blanks of the same length; a specifier in a plain string stays. */
function withoutProse(text: string): string {
  const prose =
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\/\/[^\n]*|\/\*[\s\S]*?\*\/|`(?:[^`\\]|\\[\s\S])*`/g;
  return text.replace(prose, (match, string: string | undefined, at: number) => {
    if (string !== undefined) return isSpecifier(text.slice(0, at)) ? string : '""'.padEnd(string.length);
    // A dynamic import may name its module in backticks, as long as nothing is put in.
    if (match.startsWith("`") && /\(\s*$/.test(text.slice(0, at)) && !match.includes("${")) return match;
    return match.replace(/[^\n]/g, " ");
  });
}

function isSpecifier(before: string): boolean {
  return /(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*$/.test(before);
}
