/** One thing that is wrong with the configuration. Line and column count from 1, as editors do. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Names the value and the cure; never holds the value of a secret. */
  readonly message: string;
}

/** `file:line:column message`, the form that terminals and editors turn into a link. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column} ${problem.message}`;
}

/** Grouped by file as the files were first met, then in the order of the text; each problem once. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...unique.values()].sort(
    (left, right) =>
      files.indexOf(left.file) - files.indexOf(right.file) ||
      left.line - right.line ||
      left.column - right.column,
  );
}
