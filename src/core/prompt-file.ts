import { createHash } from "node:crypto";
import type { PromptBlock, PromptFile, PromptRole } from "../domain/prompt.ts";
import { type FrontMatter, type PromptProblem, parseFrontMatter } from "./prompt-front-matter.ts";
import { declaredVariables } from "./prompt-schema.ts";
import { parseTemplate } from "./prompt-template.ts";

export type { PromptProblem } from "./prompt-front-matter.ts";

/**
 * Reads one version of a prompt: YAML front matter between `---` lines, then a block of text under each `## role`
 * heading. `\## ` at the start of a line is a literal heading, `\{{` a literal `{{`. Gives all problems at once.
 */
export function parsePromptFile(
  bytes: Buffer,
  where: { readonly name: string; readonly version: string },
): { readonly prompt: PromptFile } | { readonly problems: readonly PromptProblem[] } {
  const text = decoded(bytes);
  if (text === undefined) return problem("the file is not valid UTF-8; save it as UTF-8");
  const lines = text.split(/\r?\n/);
  if (!isFence(lines[0])) {
    return problem("the file must start with a line `---`, its front matter and another line `---`");
  }
  const closing = lines.findIndex((line, index) => index > 0 && isFence(line));
  if (closing === -1) return problem("the front matter has no closing line `---`");

  const problems: PromptProblem[] = [];
  const front = parseFrontMatter(lines.slice(1, closing).join("\n"), 2, problems);
  const sections = parseSections(lines, closing + 1, problems);
  checkPlaceholders(sections, front, problems);
  if (problems.length > 0) return { problems: problems.toSorted(byPosition) };
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { prompt: { ...where, hash, ...front, blocks: sections.map(blockOf) } };
}

interface Section {
  readonly role: PromptRole;
  /** Lines as they are in the file. */
  readonly lines: readonly SourceLine[];
}

interface SourceLine {
  readonly number: number;
  readonly text: string;
}

const roles: readonly string[] = ["system", "developer", "user", "assistant"] satisfies PromptRole[];
const heading = /^##[ \t]+(.*?)[ \t]*$/;
const escapedHeading = /^\\(?=##[ \t])/;

function problem(message: string): { readonly problems: readonly PromptProblem[] } {
  return { problems: [{ line: 1, column: 1, message }] };
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isFence(line: string | undefined): boolean {
  return line?.trimEnd() === "---";
}

function parseSections(
  lines: readonly string[],
  from: number,
  problems: PromptProblem[],
): readonly Section[] {
  const sections: { role: PromptRole; lines: SourceLine[]; number: number }[] = [];
  let current: SourceLine[] | undefined;
  let hasHeading = false;
  for (const [index, text] of lines.entries()) {
    if (index < from) continue;
    const number = index + 1;
    const name = heading.exec(text)?.[1];
    if (name !== undefined) {
      hasHeading = true;
      current = [];
      if (isRole(name)) sections.push({ role: name, lines: current, number });
      else problems.push({ line: number, column: 1, message: unknownRole(name) });
    } else if (current !== undefined) {
      current.push({ number, text });
    } else if (text.trim() !== "") {
      problems.push({
        line: number,
        column: 1,
        message: "text needs a heading above it, such as `## system`",
      });
      current = [];
      hasHeading = true;
    }
  }
  if (!hasHeading) {
    problems.push({ line: lines.length, column: 1, message: "the prompt is empty; add a `## system` block" });
  }
  for (const section of sections) {
    if (section.lines.some((line) => line.text.trim() !== "")) continue;
    problems.push({ line: section.number, column: 1, message: `the ${section.role} block is empty` });
  }
  return sections;
}

function unknownRole(name: string): string {
  return `unknown role "${name}"; a heading is ${roles.join(", ")}; write \\## for a heading that is text`;
}

function isRole(name: string): name is PromptRole {
  return roles.includes(name);
}

function checkPlaceholders(
  sections: readonly Section[],
  front: FrontMatter,
  problems: PromptProblem[],
): void {
  const declared = declaredVariables(front.variables);
  for (const line of sections.flatMap((section) => section.lines)) {
    for (const part of parseTemplate(line.text)) {
      if (part.kind === "text") continue;
      const position = { line: line.number, column: part.offset + 1 };
      if (part.kind === "malformed") {
        problems.push({
          ...position,
          message: "`{{` opens no variable; write {{name}}, or \\{{ for the text",
        });
      } else if (!Object.hasOwn(declared, part.name)) {
        problems.push({
          ...position,
          message: `"${part.name}" is not declared; add it to variables.properties`,
        });
      }
    }
  }
}

function blockOf(section: Section): PromptBlock {
  const text = section.lines.map((line) => line.text.replace(escapedHeading, "")).join("\n");
  return { role: section.role, text: text.replace(/^(?:[ \t]*\n)+/, "").trimEnd() };
}

function byPosition(a: PromptProblem, b: PromptProblem): number {
  return a.line - b.line || a.column - b.column;
}
